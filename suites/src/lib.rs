//! The checks: a module per protocol, a file per spec section.
//!
//! A check reads like its section: the sentence quoted, then the case. What
//! kills it stands beside it.

pub mod mpp;

pub use conform402_runner::Registry;

/// Every check of this crate. Calling it is what links them in.
#[must_use]
pub fn registry() -> Registry {
    Registry::collect()
}
