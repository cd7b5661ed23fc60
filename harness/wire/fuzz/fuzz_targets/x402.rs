#![no_main]

use conform402_wire::x402::message::{
    PAYMENT_PAYLOAD, PAYMENT_REQUIRED, SETTLE_RESPONSE, V1_PAYMENT_PAYLOAD, V1_PAYMENT_REQUIRED,
    field_of, text_of,
};
use conform402_wire::x402::network::Network;
use conform402_wire::x402::price::decimal_text;
use conform402_wire::x402::version::Version;

libfuzzer_sys::fuzz_target!(|json: &str| {
    for message in [
        PAYMENT_REQUIRED,
        PAYMENT_PAYLOAD,
        SETTLE_RESPONSE,
        V1_PAYMENT_REQUIRED,
        V1_PAYMENT_PAYLOAD,
    ] {
        let _ = message.read(json);
        let _ = text_of(&field_of(json)).map(|text| message.read(&text).is_ok());
    }
    let _ = text_of(json);
    let _ = Network::parse(json);
    let _ = Version::of_body(json);
    if let Ok(price) = serde_json::from_str(json) {
        let _ = decimal_text(&price);
    }
});
