//! The session intent of `method="evm"`: channels, vouchers, settlement.

mod channel;
mod opening;

pub mod open;
