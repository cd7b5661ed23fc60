#![no_main]

use conform402_wire::{Receipt, base64url};

libfuzzer_sys::fuzz_target!(|json: &str| {
    let _ = Receipt::read(json);
    let _ = Receipt::read(&base64url::encode(json));
    let _ = Receipt::parse(&base64url::encode(json));
});
