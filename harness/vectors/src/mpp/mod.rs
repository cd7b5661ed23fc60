//! The Payment authentication scheme: header values and what they carry.

mod base64url;
mod challenge_id;

use crate::operation::Operation;

pub(crate) fn operations() -> Vec<Operation> {
    [base64url::operations(), challenge_id::operations()].concat()
}
