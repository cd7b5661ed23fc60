#![no_main]

use conform402_wire::base64url;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let kindly = base64url::decode(text);
    if let Ok(bytes) = base64url::decode_unpadded(text) {
        assert_eq!(base64url::encode(&bytes), text);
        assert_eq!(kindly.ok(), Some(bytes));
    }
});
