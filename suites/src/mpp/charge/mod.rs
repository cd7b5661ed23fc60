//! The charge intent: how money moves.

pub mod hash;
pub mod splits;
pub mod transaction;
