//! Keys that a seed determines.

use std::fmt;

use alloy::network::EthereumWallet;
use alloy::primitives::{Address, keccak256};
use alloy::signers::local::PrivateKeySigner;
use tokio::sync::Mutex;

/// The number every key of a testbed derives from: the same seed gives the
/// same payers, whatever order checks run in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// A key that also sends transactions, and so counts them.
#[derive(Debug)]
pub struct Account {
    key: PrivateKeySigner,
    wallet: EthereumWallet,
    next_nonce: Mutex<u64>,
}

impl Account {
    /// An account that has sent nothing yet.
    #[must_use]
    pub fn new(key: PrivateKeySigner) -> Self {
        Self { wallet: EthereumWallet::from(key.clone()), key, next_nonce: Mutex::new(0) }
    }

    /// Its address.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.key.address()
    }

    /// Its key.
    #[must_use]
    pub const fn key(&self) -> &PrivateKeySigner {
        &self.key
    }

    pub(crate) const fn wallet(&self) -> &EthereumWallet {
        &self.wallet
    }

    pub(crate) async fn take_nonce(&self) -> u64 {
        let mut next = self.next_nonce.lock().await;
        *next += 1;
        *next - 1
    }

    /// The nonce after the next, which leaves a gap.
    pub(crate) async fn skip_nonce(&self) -> u64 {
        *self.next_nonce.lock().await + 1
    }
}
