//! The Payment authentication scheme with `method="evm"`.

pub mod binding;
mod buyer;
pub mod challenge;
mod channel;
pub mod charge;
pub mod credential;
mod crowd;
pub mod ietf_session;
mod judge;
mod proposal;
pub mod receipt;
mod restart;
pub mod sa;
pub mod session;
