//! The Payment authentication scheme: header values and what they carry.

mod challenge_id;

use crate::operation::Operation;

pub(crate) fn operations() -> Vec<Operation> {
    [challenge_id::operations()].concat()
}
