#![no_main]

libfuzzer_sys::fuzz_target!(|body: &str| {
    let _ = conform402_wire::problem::Received::parse(402, body);
});
