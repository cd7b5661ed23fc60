//! The x402 protocol.

use crate::operation::Operation;

pub(crate) fn operations() -> Vec<Operation> {
    Vec::new()
}
