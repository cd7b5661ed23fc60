//! What vectors are made for: a chain, its contracts, and keys.

use alloy::primitives::{Address, address};
use alloy::signers::local::PrivateKeySigner;
use conform402_wire::Seed;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A chain, its contracts, and what keys derive from. The default names the
/// contracts of the seeds; the keys are worth nothing anywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// EIP-3009 token.
    pub token: Address,
    /// Its EIP-712 name.
    pub token_name: String,
    /// Its EIP-712 version.
    pub token_version: String,
    /// Channel escrow.
    pub escrow: Address,
    /// Permit2.
    pub permit2: Address,
    /// Subscription contract.
    pub subscription: Address,
    /// x402 proxy of `exact` with Permit2.
    pub exact_proxy: Address,
    /// x402 proxy of `upto`.
    pub upto_proxy: Address,
    /// Protection space of challenges.
    pub realm: String,
    /// Binds challenge ids.
    pub secret: String,
    /// Every key derives from it.
    pub seed: Seed,
}

impl Default for Deployment {
    fn default() -> Self {
        Self {
            chain_id: 196,
            token: address!("0x779ded0c9e1022225f8e0630b35a9b54be713736"),
            token_name: "USD₮0".to_owned(),
            token_version: "1".to_owned(),
            escrow: address!("0x5e550002e64faf79b41d89fe8439eeb1be66ce3b"),
            permit2: address!("0x000000000022d473030f116ddee9f6b43ac78ba3"),
            subscription: address!("0x50b5c71be0000000000000000000000000000402"),
            exact_proxy: address!("0x402085c248eea27d92e8b30b2c58ed07f9e20001"),
            upto_proxy: address!("0x4020a4f3b7b90cca423b9fabcc0ce57c6c240002"),
            realm: "api.example.com".to_owned(),
            secret: "conform402-golden-vectors-secret".to_owned(),
            seed: Seed::default(),
        }
    }
}

impl Deployment {
    /// The key of a role.
    #[must_use]
    pub fn key(&self, role: &str) -> PrivateKeySigner {
        self.seed.key(&format!("vectors/{role}"))
    }

    /// The address of a role, in lower case.
    #[must_use]
    pub fn address_of(&self, role: &str) -> String {
        lower(self.key(role).address())
    }

    /// The token's EIP-712 domain.
    #[must_use]
    pub fn token_domain(&self) -> Value {
        json!({
            "name": self.token_name,
            "version": self.token_version,
            "chainId": self.chain_id,
            "verifyingContract": lower(self.token),
        })
    }

    /// The domain of channels (seed 000, "EIP-712 domain").
    #[must_use]
    pub fn channel_domain(&self) -> Value {
        json!({
            "name": "EVM Payment Channel",
            "version": "1",
            "chainId": self.chain_id,
            "verifyingContract": lower(self.escrow),
        })
    }

    /// The domain of Permit2, which has no version.
    #[must_use]
    pub fn permit2_domain(&self) -> Value {
        json!({
            "name": "Permit2",
            "chainId": self.chain_id,
            "verifyingContract": lower(self.permit2),
        })
    }

    /// The domain of subscriptions.
    #[must_use]
    pub fn subscription_domain(&self) -> Value {
        json!({
            "name": "A2APaySubscription",
            "version": "1",
            "chainId": self.chain_id,
            "verifyingContract": lower(self.subscription),
        })
    }
}

/// Without the checksum's capitals, as signed messages are best written.
#[must_use]
pub fn lower(address: Address) -> String {
    format!("{address:#x}")
}
