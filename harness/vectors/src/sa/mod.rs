//! The SA API of OKX sellers.

mod envelope;
mod error;
mod request;

use crate::operation::Operation;

pub(crate) fn operations() -> Vec<Operation> {
    [envelope::operations(), error::operations(), request::operations()].concat()
}
