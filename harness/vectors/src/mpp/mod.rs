//! The Payment authentication scheme: header values and what they carry.

mod accept_payment;
mod base64url;
mod challenge;
mod challenge_format;
mod challenge_id;
mod challenge_parse;
mod challenge_verify;
mod challenges_parse;
mod credential;
mod did;
mod digest;
mod expires;
mod json;
mod lenient;
mod mcp;
mod problem;
mod receipt;

use crate::operation::Operation;

pub(crate) fn operations() -> Vec<Operation> {
    [
        accept_payment::operations(),
        base64url::operations(),
        challenge_format::operations(),
        challenge_id::operations(),
        challenge_parse::operations(),
        challenge_verify::operations(),
        challenges_parse::operations(),
        credential::operations(),
        did::operations(),
        digest::operations(),
        expires::operations(),
        json::operations(),
        mcp::operations(),
        problem::operations(),
        receipt::operations(),
    ]
    .concat()
}
