#![no_main]

use conform402_wire::mcp::{NativeCredential, NativeReceipt, PaymentError};

libfuzzer_sys::fuzz_target!(|json: &str| {
    let Ok(serde_json::Value::Object(message)) = serde_json::from_str(json) else { return };
    let _ = PaymentError::parse(&message);
    let _ = NativeCredential::parse(&message);
    let _ = NativeReceipt::parse(&message);
});
