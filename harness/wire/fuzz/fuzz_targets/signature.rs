#![no_main]

use alloy::primitives::B256;

libfuzzer_sys::fuzz_target!(|signature: &[u8]| {
    let _ = conform402_wire::signature::recover(&B256::repeat_byte(0x42), signature);
});
