#![no_main]

use conform402_wire::members::Members;
use conform402_wire::sa::channel::{ChannelState, ChannelStatus};
use conform402_wire::sa::envelope;
use conform402_wire::sa::request::Parts;

libfuzzer_sys::fuzz_target!(|json: &str| {
    let _ = envelope::decode(json);
    let _ = ChannelState::parse(json);
    if let Ok(value) = serde_json::from_str(json) {
        let members = Members::new(&value);
        let _ = ChannelStatus::parse(members);
        let _ = Parts(members).charge_settle();
        let _ = Parts(members).charge_verify_hash();
        let _ = Parts(members).session_open();
        let _ = Parts(members).session_top_up();
    }
});
