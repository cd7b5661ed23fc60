//! The session intent of `method="evm"`: channels, vouchers, settlement.

mod judge;

pub mod binding;
pub mod challenge;
pub mod close;
pub mod close_in_hand;
pub mod codes;
pub mod concurrency;
pub mod crash;
pub mod envelope;
pub mod finality;
pub mod forced_close;
pub mod load;
pub mod merchant;
pub mod open;
pub mod open_by_hash;
pub mod receipt;
pub mod top_up;
pub mod unheard;
pub mod voucher;
pub mod voucher_signature;
