#![no_main]

use conform402_wire::{Credential, base64url};

libfuzzer_sys::fuzz_target!(|json: &str| {
    let _ = Credential::read(json);
    let field = format!("Payment {}", base64url::encode(json));
    let _ = Credential::read(&field);
    let _ = Credential::parse(&base64url::encode(json));
});
