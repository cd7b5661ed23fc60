#![no_main]

use conform402_wire::{BaseUnits, Decimal};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(units) = text.parse::<BaseUnits>() {
        assert_eq!(units.to_string(), text);
    }
    if let Ok(decimal) = Decimal::parse(text)
        && let Ok(units) = decimal.to_base_units(6)
    {
        let written = units.to_decimal(6);
        let again = Decimal::parse(&written).ok().and_then(|again| again.to_base_units(6).ok());
        assert_eq!(again, Some(units));
    }
});
