//! What is hashed and signed on an EVM chain.

mod channel;
mod charge;
mod derived;
mod domain;
mod permit2;
mod signature;
mod token;

use crate::operation::Operation;

pub(crate) fn operations() -> Vec<Operation> {
    [
        channel::operations(),
        charge::operations(),
        derived::operations(),
        domain::operations(),
        permit2::operations(),
        signature::operations(),
        token::operations(),
    ]
    .concat()
}
