#![no_main]

libfuzzer_sys::fuzz_target!(|field: &str| {
    if let Ok(challenges) = conform402_wire::auth_params::parse(field) {
        // Nothing is made up: what was read is no longer than what was there.
        let read: usize = challenges.iter().map(|challenge| challenge.scheme.len()).sum();
        assert!(read <= field.len());
    }
});
