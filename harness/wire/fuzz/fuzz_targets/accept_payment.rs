#![no_main]

libfuzzer_sys::fuzz_target!(|field: &str| {
    let _ = conform402_wire::accept_payment::parse(field);
});
