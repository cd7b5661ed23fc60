//! The Payment authentication scheme: header values and what they carry.

mod challenge;
mod challenge_id;
mod challenge_parse;
mod lenient;

use crate::operation::Operation;

pub(crate) fn operations() -> Vec<Operation> {
    [challenge_id::operations(), challenge_parse::operations()].concat()
}
