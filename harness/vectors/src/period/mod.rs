//! Subscriptions: the x402 scheme `period`.

use crate::operation::Operation;

pub(crate) fn operations() -> Vec<Operation> {
    Vec::new()
}
