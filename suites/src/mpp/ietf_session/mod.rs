//! The session intent as the draft has it: the seller looks at the escrow by
//! itself, and no settlement service is asked.

mod judge;
mod payer;

pub mod challenge;
pub mod close;
pub mod concurrency;
pub mod crash;
pub mod merged_deposit;
pub mod open;
pub mod open_relayed;
pub mod receipt;
pub mod retry;
pub mod stream;
pub mod top_up;
pub mod voucher;
