#![no_main]

use conform402_wire::base64url;
use conform402_wire::subscription::AccessProof;

libfuzzer_sys::fuzz_target!(|field: &str| {
    let _ = AccessProof::decode(field);
    let _ = AccessProof::decode(&base64url::encode(field));
});
