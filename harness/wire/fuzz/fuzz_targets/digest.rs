#![no_main]

libfuzzer_sys::fuzz_target!(|digest: &str| {
    let _ = conform402_wire::digest::verify(digest, b"{}");
});
