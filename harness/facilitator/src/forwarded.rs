//! What a seller forwards of a credential, and what is asked of it whatever it
//! pays for.

use alloy::primitives::{Address, TxHash};
use alloy::rpc::types::TransactionReceipt;
use conform402_chain::{ChainError, TokenInfo};
use conform402_wire::did::DidPkh;
use conform402_wire::sa::SaCode;
use conform402_wire::{Challenge, timestamp};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Refusal, Till, lock};

impl From<ChainError> for Refusal {
    fn from(error: ChainError) -> Self {
        Self::ours(error.to_string())
    }
}

/// A challenge that can still be paid, and who pays.
pub(crate) struct Forwarded<T> {
    pub challenge: Challenge,
    pub request: T,
    pub source: Option<DidPkh>,
}

impl Till<'_> {
    /// Reads challenge and source; `chain_id` says which chain a request is for.
    pub(crate) fn read<T: DeserializeOwned>(
        &self,
        body: &Value,
        chain_id: impl Fn(&T) -> u64,
    ) -> Result<Forwarded<T>, Refusal> {
        let bad = |what: &str, reason: String| {
            Refusal::new(SaCode::InvalidParameter, format!("{what}: {reason}"))
        };
        if body["challenge"].is_null() {
            return Err(Refusal::new(SaCode::InvalidChallenge, "challenge missing"));
        }
        let challenge: Challenge = serde_json::from_value(body["challenge"].clone())
            .map_err(|error| bad("challenge", error.to_string()))?;
        if let Some(expires) = &challenge.expires {
            let expires = timestamp::parse(expires).map_err(|e| bad("expires", e.to_string()))?;
            if expires <= Timestamp::now() {
                return Err(Refusal::new(SaCode::InvalidChallenge, "challenge expired"));
            }
        }
        let request: T = challenge
            .request
            .decode_as()
            .map_err(|error| bad("challenge.request", error.to_string()))?;
        let chain_id = chain_id(&request);
        if chain_id != self.chain.chain_id() {
            let reason = format!("chain {chain_id} is not supported");
            return Err(Refusal::new(SaCode::UnsupportedChain, reason));
        }
        Ok(Forwarded { challenge, request, source: self.read_source(body)? })
    }

    /// Who pays, if it is said. An empty source is none.
    pub(crate) fn read_source(&self, body: &Value) -> Result<Option<DidPkh>, Refusal> {
        let text = body["source"].as_str().unwrap_or_default();
        if text.is_empty() {
            return Ok(None);
        }
        let source: DidPkh = text
            .parse()
            .map_err(|error| Refusal::new(SaCode::InvalidCredential, format!("source: {error}")))?;
        if source.chain_id != self.chain.chain_id() {
            return Err(Refusal::new(SaCode::InvalidCredential, "source is of another chain"));
        }
        Ok(Some(source))
    }

    /// Serves nobody who is on the blacklist.
    pub(crate) fn admit(&self, payer: Address) -> Result<(), Refusal> {
        if lock(&self.desk.blocked).contains(&payer) {
            return Err(Refusal::new(SaCode::PayerBlocked, "payer is blacklisted"));
        }
        Ok(())
    }

    pub(crate) fn token(&self, currency: Address) -> Result<&TokenInfo, Refusal> {
        [self.chain.token(), self.chain.other_token()]
            .into_iter()
            .find(|token| token.domain.contract == currency)
            .ok_or_else(|| Refusal::new(SaCode::InvalidParameter, "currency is not supported"))
    }

    /// The receipt of a transaction that a payer says it broadcast: mined, not
    /// reverted, and not named before.
    pub(crate) async fn confirmed(&self, hash: TxHash) -> Result<TransactionReceipt, Refusal> {
        let invalid = |reason: &str| Err(Refusal::new(SaCode::InvalidCredential, reason));
        if lock(&self.desk.spent_hashes).contains(&hash) {
            return invalid("transaction hash was used before");
        }
        let Some(receipt) = self.chain.receipt(hash).await? else {
            let reason = if self.chain.is_pending(hash).await? {
                "transaction is pending"
            } else {
                "transaction is unknown"
            };
            return Err(Refusal::new(SaCode::NotConfirmed, reason));
        };
        if receipt.status() { Ok(receipt) } else { invalid("transaction reverted") }
    }

    /// Never takes this transaction again.
    pub(crate) fn spend(&self, hash: TxHash) {
        lock(&self.desk.spent_hashes).insert(hash);
    }
}
