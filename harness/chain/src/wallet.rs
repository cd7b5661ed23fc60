//! Keys that send transactions.

use alloy::network::EthereumWallet;
use alloy::primitives::Address;
use alloy::signers::local::PrivateKeySigner;
use tokio::sync::Mutex;

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
