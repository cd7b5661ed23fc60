#![no_main]

use conform402_wire::did::DidPkh;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(payer) = text.parse::<DidPkh>() {
        assert_eq!(payer.to_string().parse(), Ok(payer));
    }
});
