//! The Payment authentication scheme: header values and what they carry.

mod accept_payment;
mod base64url;
mod challenge_id;
mod did;
mod digest;
mod expires;
mod json;
mod mcp;
mod problem;

use crate::operation::Operation;

pub(crate) fn operations() -> Vec<Operation> {
    [
        accept_payment::operations(),
        base64url::operations(),
        challenge_id::operations(),
        did::operations(),
        digest::operations(),
        expires::operations(),
        json::operations(),
        mcp::operations(),
        problem::operations(),
    ]
    .concat()
}
