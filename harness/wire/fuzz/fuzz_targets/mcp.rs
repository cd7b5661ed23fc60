#![no_main]

use conform402_wire::members::Members;
use conform402_wire::mcp::{NativeCredential, NativeReceipt, PaymentError};

libfuzzer_sys::fuzz_target!(|json: &str| {
    let Ok(message) = serde_json::from_str(json) else { return };
    let message = Members::new(&message);
    let _ = PaymentError::parse(message);
    let _ = NativeCredential::parse(message);
    let _ = NativeReceipt::parse(message);
});
