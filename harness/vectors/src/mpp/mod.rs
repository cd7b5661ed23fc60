//! The Payment authentication scheme: header values and what they carry.

mod base64url;
mod challenge_id;
mod expires;
mod json;

use crate::operation::Operation;

pub(crate) fn operations() -> Vec<Operation> {
    [base64url::operations(), challenge_id::operations(), expires::operations(), json::operations()]
        .concat()
}
