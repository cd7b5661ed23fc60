//! The SA API: the settlement service OKX sellers call (seed 000, "saclient").

pub mod auth;
pub mod channel;
pub mod charge;
pub mod code;
pub mod envelope;
pub mod request;
pub mod session;

pub use code::SaCode;
pub use envelope::Envelope;
