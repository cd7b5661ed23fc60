//! The SA API of OKX sellers.

mod body;
mod channel;
mod envelope;
mod error;
mod request;

use crate::operation::Operation;

pub(crate) fn operations() -> Vec<Operation> {
    [
        body::operations(),
        channel::operations(),
        envelope::operations(),
        error::operations(),
        request::operations(),
    ]
    .concat()
}
