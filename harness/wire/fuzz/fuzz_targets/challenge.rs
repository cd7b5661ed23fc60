#![no_main]

use conform402_wire::Challenge;

libfuzzer_sys::fuzz_target!(|field: &str| {
    let Ok(challenge) = Challenge::read(field) else { return };
    if challenge.check().is_ok()
        && let Ok(written) = challenge.to_checked_field()
    {
        assert_eq!(Challenge::read(&written).ok(), Some(challenge));
    }
});
