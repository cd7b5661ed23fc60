//! The Payment authentication scheme: header values and what they carry.

mod challenge;
mod challenge_format;
mod challenge_id;
mod challenge_parse;
mod challenge_verify;
mod challenges_parse;
mod credential;
mod lenient;
mod receipt;

use crate::operation::Operation;

pub(crate) fn operations() -> Vec<Operation> {
    [
        challenge_format::operations(),
        challenge_id::operations(),
        challenge_parse::operations(),
        challenge_verify::operations(),
        challenges_parse::operations(),
        credential::operations(),
        receipt::operations(),
    ]
    .concat()
}
