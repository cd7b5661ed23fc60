#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = conform402_wire::timestamp::parse(text);
});
