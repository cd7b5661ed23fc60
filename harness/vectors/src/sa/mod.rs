//! The SA API of OKX sellers.

use crate::operation::Operation;

pub(crate) fn operations() -> Vec<Operation> {
    Vec::new()
}
