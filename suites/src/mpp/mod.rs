//! The Payment authentication scheme with `method="evm"`.

pub mod binding;
mod buyer;
pub mod challenge;
pub mod charge;
pub mod credential;
pub mod ietf_session;
mod judge;
pub mod receipt;
pub mod sa;
pub mod session;
