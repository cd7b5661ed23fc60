//! What goes over the wire when a machine pays a machine: header values, JSON
//! bodies, EIP-712 digests, HMAC bindings and error tables.
//!
//! Everything here is pure: no clock, no randomness, no I/O. The suites, the
//! facilitator and the reference target all speak through this crate, so its
//! correctness is shown by independent recomputation, never by our agreement
//! with ourselves.

pub mod accept_payment;
pub mod adapter;
pub mod amount;
pub mod auth_params;
pub mod base64url;
pub mod challenge;
pub mod charge;
pub mod credential;
pub mod decimal;
pub mod did;
pub mod digest;
pub mod eip3009;
pub mod json;
pub mod mcp;
pub mod members;
pub mod problem;
pub mod profile;
pub mod receipt;
pub mod sa;
pub mod seed;
pub mod session;
pub mod signature;
pub mod strict_challenge;
pub mod subscription;
pub mod timestamp;
pub mod typed_data;
pub mod x402;

pub use amount::BaseUnits;
pub use challenge::{Challenge, ChallengeId};
pub use credential::Credential;
pub use decimal::Decimal;
pub use profile::Profile;
pub use receipt::Receipt;
pub use seed::Seed;
