//! A channel, as the SA tells of it and as a seller stores it.

mod state;
mod status;

use conform402_wire::sa::channel::NoChannel;
use serde_json::Value;

use crate::operation::{Operation, Refusal};

pub(crate) fn operations() -> Vec<Operation> {
    [state::operations(), status::operations()].concat()
}

fn written(value: &impl serde::Serialize) -> Result<Value, Refusal> {
    serde_json::to_value(value).map_err(|_| Refusal::new("cannot-be-written"))
}

fn refused(error: NoChannel) -> Refusal {
    match error {
        NoChannel::Misfit(misfit) => misfit.into(),
        NoChannel::UnknownStatus => Refusal::new("session-status-is-unknown"),
        NoChannel::Overspent => Refusal::new("spent-past-the-vouchers"),
        NoChannel::NotJson(_) => Refusal::new("text-is-no-json"),
        NoChannel::NotObject => Refusal::new("text-is-no-object"),
    }
}

/// `value` with another member; null takes it away.
fn with(value: &Value, member: &str, to: Value) -> Value {
    if to.is_null() {
        crate::change::without(value, member)
    } else {
        crate::change::with(value, member, to)
    }
}

fn channel() -> String {
    format!("0x{}", "c1".repeat(32))
}

/// 2^128 − 1, and one more.
const MOST: &str = "340282366920938463463374607431768211455";
const PAST: &str = "340282366920938463463374607431768211456";
