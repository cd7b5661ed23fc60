//! Keys that a seed determines.

use std::fmt;
use std::str::FromStr;

use alloy::primitives::keccak256;
use alloy::signers::local::PrivateKeySigner;
use serde::{Deserialize, Serialize};

/// The number every key derives from: the same seed gives the same payers,
/// whatever order checks run in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Default for Seed {
    fn default() -> Self {
        Self(402)
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Seed {
    /// The key of the role `label` names.
    #[must_use]
    pub fn key(self, label: &str) -> PrivateKeySigner {
        let mut candidate = keccak256(format!("conform402/{}/{label}", self.0));
        loop {
            // All but 2^-128 of all hashes are keys at once.
            match PrivateKeySigner::from_bytes(&candidate) {
                Ok(key) => return key,
                Err(_) => candidate = keccak256(candidate),
            }
        }
    }
}

impl FromStr for Seed {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}
