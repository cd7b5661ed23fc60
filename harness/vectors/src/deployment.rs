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

/// The highest chain id: JSON readers keep integers up to 2^53, and some cases
/// add 2^32.
const HIGHEST_CHAIN: u64 = 1 << 52;

/// A header of 4096 bytes has room for a challenge besides, however it is
/// escaped.
const LONGEST_REALM: usize = 255;

/// What no deployment is like.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// Some reader of JSON would round it.
    #[error(
        "chain id {0}: vectors are for chains from 1 up to 2^52, which every JSON reader keeps exact"
    )]
    ChainId(u64),
    /// Text that says nothing.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// A realm that no header carries.
    #[error("the realm has a line end or another control character, which no header carries")]
    ControlCharacter,
    /// A realm that leaves no room for anything else.
    #[error("the realm has {0} bytes, and must have {LONGEST_REALM} at most")]
    LongRealm(usize),
    /// No contract is there.
    #[error("the address of the {0} is zero")]
    Zero(&'static str),
    /// Who takes one for the other would not be found out.
    #[error("{0} and {1} have the same address, {2}: vectors could not tell them apart")]
    SameAddress(&'static str, &'static str, Address),
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

    /// Whether vectors can be made for it.
    ///
    /// # Errors
    /// [`Unfit`] names the first value that no deployment has.
    pub fn check(&self) -> Result<(), Unfit> {
        if !(1..=HIGHEST_CHAIN).contains(&self.chain_id) {
            return Err(Unfit::ChainId(self.chain_id));
        }
        let texts = [
            ("token's name", &self.token_name),
            ("token's version", &self.token_version),
            ("realm", &self.realm),
            ("secret", &self.secret),
        ];
        if let Some((what, _)) = texts.into_iter().find(|(_, text)| text.is_empty()) {
            return Err(Unfit::Empty(what));
        }
        if self.realm.contains(char::is_control) {
            return Err(Unfit::ControlCharacter);
        }
        if self.realm.len() > LONGEST_REALM {
            return Err(Unfit::LongRealm(self.realm.len()));
        }
        let parties = ["payer", "payee", "delegate", "server", "stranger"];
        let mut known = parties.map(|role| (role, self.key(role).address())).to_vec();
        for (what, address) in [
            ("token", self.token),
            ("escrow", self.escrow),
            ("Permit2 contract", self.permit2),
            ("subscription contract", self.subscription),
            ("proxy of exact", self.exact_proxy),
            ("proxy of upto", self.upto_proxy),
        ] {
            if address.is_zero() {
                return Err(Unfit::Zero(what));
            }
            if let Some((other, _)) = known.iter().find(|(_, taken)| *taken == address) {
                return Err(Unfit::SameAddress(other, what, address));
            }
            known.push((what, address));
        }
        Ok(())
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
