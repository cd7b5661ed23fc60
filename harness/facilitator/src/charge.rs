//! `charge/settle` and `charge/verifyHash`: what the SA verifies, and how it
//! settles (seed 002, "Splits" and "SA API error code → PaymentError
//! subclass"; seed 000, "Charge — ChargeIntent").

use alloy::primitives::{Address, B256, Bytes, TxHash, U256};
use alloy::rpc::types::TransactionReceipt;
use alloy::sol_types::{SolCall as _, SolEvent as _};
use conform402_chain::{Ledger, Token, TokenInfo};
use conform402_wire::charge::{Authorization, ChargePayload, ChargeRequest, InvalidSplits};
use conform402_wire::did::DidPkh;
use conform402_wire::sa::SaCode;
use conform402_wire::sa::charge::{ChargeReceipt, SETTLE, VERIFY_HASH};
use conform402_wire::{BaseUnits, Challenge, eip3009, signature, timestamp};
use jiff::Timestamp;
use serde_json::Value;

use crate::forwarded::Forwarded;
use crate::{Refusal, Till};

/// A charge both sides agree on, ready to be verified.
struct Charge {
    challenge: Challenge,
    request: ChargeRequest,
    source: Option<DidPkh>,
    /// What the recipient itself is to get.
    primary: BaseUnits,
}

/// One transfer the challenge asks for.
struct Due {
    to: Address,
    value: BaseUnits,
}

impl Charge {
    fn dues(&self) -> Vec<Due> {
        let primary = Due { to: self.request.recipient, value: self.primary };
        let splits = self.request.method_details.splits.iter();
        let splits = splits.map(|split| Due { to: split.recipient, value: split.amount });
        std::iter::once(primary).chain(splits).collect()
    }
}

impl Till<'_> {
    pub(crate) async fn charge(&self, path: &str, body: &Value) -> Result<Value, Refusal> {
        let charge = self.read_charge(body)?;
        let payload: ChargePayload = serde_json::from_value(body["payload"].clone())
            .map_err(|error| Refusal::new(SaCode::InvalidParameter, format!("payload: {error}")))?;
        let reference = match (path, payload) {
            (SETTLE, ChargePayload::Transaction { authorization }) => {
                self.settle(&charge, &authorization).await?
            }
            (VERIFY_HASH, ChargePayload::Hash { hash }) => self.verify_hash(&charge, hash).await?,
            _ => return Err(Refusal::new(SaCode::InvalidParameter, "no such endpoint or payload")),
        };
        let receipt = ChargeReceipt {
            method: charge.challenge.method,
            reference,
            status: "success".to_owned(),
            timestamp: timestamp::format_millis(Timestamp::now()),
            chain_id: charge.request.method_details.chain_id,
            challenge_id: Some(charge.challenge.id.0),
            external_id: charge.request.external_id,
            confirmations: Some(1),
        };
        serde_json::to_value(receipt).map_err(|error| Refusal::ours(error.to_string()))
    }

    fn read_charge(&self, body: &Value) -> Result<Charge, Refusal> {
        let read = self.read(body, |request: &ChargeRequest| request.method_details.chain_id)?;
        let Forwarded { challenge, request, source } = read;
        let primary = request.primary_amount().map_err(|error| {
            let code = match error {
                InvalidSplits::SumReachesAmount => SaCode::SplitSum,
                InvalidSplits::TooMany => SaCode::SplitCount,
                InvalidSplits::Zero => SaCode::InvalidParameter,
            };
            Refusal::new(code, error.to_string())
        })?;
        Ok(Charge { challenge, request, source, primary })
    }

    /// Verifies every authorization before any is sent, so that one bad split
    /// moves nothing.
    async fn settle(
        &self,
        charge: &Charge,
        authorization: &Authorization,
    ) -> Result<TxHash, Refusal> {
        let payer = authorization.from;
        self.admit(payer)?;
        let invalid = |reason: &str| Err(Refusal::new(SaCode::InvalidCredential, reason));
        if charge.source.is_some_and(|source| source.address != payer) {
            return invalid("source is not authorization.from");
        }
        let transfers: Vec<&Authorization> =
            std::iter::once(authorization).chain(&authorization.splits).collect();
        let dues = charge.dues();
        if transfers.len() != dues.len() {
            return invalid("authorization.splits do not match the challenge");
        }
        for (transfer, due) in transfers.iter().zip(&dues) {
            if transfer.from != payer {
                return invalid("every authorization must be of one payer");
            }
            if transfer.to != due.to {
                return invalid("authorization.to does not match the challenge");
            }
            if transfer.value != due.value {
                return invalid("authorization.value does not match expected amount");
            }
        }
        let mut nonces: Vec<B256> = transfers.iter().map(|transfer| transfer.nonce).collect();
        nonces.sort_unstable();
        if nonces.windows(2).any(|pair| pair[0] == pair[1]) {
            // Each would pass its own simulation, and the second revert after
            // the first has moved money.
            return invalid("two authorizations share a nonce");
        }
        let token = self.token(charge.request.currency)?;
        for transfer in &transfers {
            self.verify(transfer, token).await?;
        }
        if Ledger::balance(&self.chain, token, payer).await? < charge.request.amount {
            return invalid("insufficient balance");
        }
        let mut hashes = Vec::with_capacity(transfers.len());
        for transfer in transfers {
            let input = call(transfer).abi_encode();
            let receipt =
                self.chain.transact(self.chain.relayer(), token.domain.contract, input).await?;
            if !receipt.status() {
                return Err(Refusal::ours("a verified transfer reverted"));
            }
            hashes.push(receipt.transaction_hash);
        }
        Ok(hashes[0])
    }

    async fn verify(&self, transfer: &Authorization, token: &TokenInfo) -> Result<(), Refusal> {
        let digest = eip3009::digest(transfer, &token.domain);
        match signature::recover(&digest, &transfer.signature) {
            Ok(signer) if signer == transfer.from => {}
            Ok(_) => return Err(Refusal::new(SaCode::InvalidSignature, "signer is not `from`")),
            Err(error) => return Err(Refusal::new(SaCode::InvalidSignature, error.to_string())),
        }
        let input = Bytes::from(call(transfer).abi_encode());
        let relayer = self.chain.relayer().address();
        let simulated = self.chain.simulate(relayer, token.domain.contract, input).await?;
        simulated.map_err(|revert| Refusal::new(SaCode::InvalidCredential, revert.to_string()))
    }

    async fn verify_hash(&self, charge: &Charge, hash: TxHash) -> Result<TxHash, Refusal> {
        let invalid = |reason: &str| Err(Refusal::new(SaCode::InvalidCredential, reason));
        if charge.request.method_details.fee_payer == Some(true) {
            return invalid("feePayer excludes hash mode");
        }
        let Some(source) = charge.source else { return invalid("source missing") };
        self.admit(source.address)?;
        let receipt = self.confirmed(hash).await?;
        if !pays(&receipt, charge, source.address) {
            return invalid("transaction does not pay this challenge");
        }
        self.spend(hash);
        Ok(hash)
    }
}

fn call(transfer: &Authorization) -> Token::transferWithAuthorization_0Call {
    Token::transferWithAuthorization_0Call {
        from: transfer.from,
        to: transfer.to,
        value: transfer.value.0,
        validAfter: transfer.valid_after.0,
        validBefore: transfer.valid_before.0,
        nonce: transfer.nonce,
        signature: transfer.signature.clone(),
    }
}

/// Whether the transaction's logs hold every transfer that is due, each once,
/// from `payer`, in the challenge's currency.
fn pays(receipt: &TransactionReceipt, charge: &Charge, payer: Address) -> bool {
    let mut paid: Vec<(Address, U256)> = receipt
        .logs()
        .iter()
        .filter(|log| log.address() == charge.request.currency)
        .filter_map(|log| Token::Transfer::decode_log(&log.inner).ok())
        .filter(|transfer| transfer.from == payer)
        .map(|transfer| (transfer.to, transfer.value))
        .collect();
    charge.dues().iter().all(|due| {
        let found = paid.iter().position(|(to, value)| *to == due.to && *value == due.value.0);
        found.map(|index| paid.swap_remove(index)).is_some()
    })
}
