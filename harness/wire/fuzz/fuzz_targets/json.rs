#![no_main]

use conform402_wire::json::{canonical, parse_strict};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(value) = parse_strict(text) else { return };
    let Ok(written) = canonical(&value) else { return };
    // The canonical form is its own.
    let again = parse_strict(&written).ok().and_then(|value| canonical(&value).ok());
    assert_eq!(again, Some(written));
});
