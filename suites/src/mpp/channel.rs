//! A payer with an open channel.

use alloy::primitives::{B256, I256, TxHash};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use conform402_chain::{Account, EscrowContract, Holder, Token};
use conform402_runner::{Answer, Bed, Broken, Mounted, Outcome};
use conform402_wire::BaseUnits;
use conform402_wire::eip3009::{Receive, TokenDomain};
use conform402_wire::session::channel::{ChannelId, Escrow, Terms, top_up_nonce};
use conform402_wire::session::voucher::Voucher;
use conform402_wire::session::{Deposit, SessionPayload, SignedVoucher, TopUp};
use serde::Serialize;
use serde_json::{Value, json};

use super::buyer::{self, ours};
use super::judge::managed;
use super::proposal::Proposal;

/// An open channel, and the payer's keys to it.
#[derive(Clone, Debug)]
pub struct Channel<'a> {
    bed: &'a Bed,
    /// The offer it was opened for.
    pub offer: Mounted,
    /// What was agreed to.
    pub terms: Terms,
    /// Its id.
    pub id: ChannelId,
    /// Where it is.
    pub escrow: Escrow,
    /// Signs vouchers.
    pub key: PrivateKeySigner,
}

impl<'a> Channel<'a> {
    /// Opens a channel of [`super::proposal::DEPOSIT`] for `offer`.
    pub async fn open(bed: &'a Bed, offer: Mounted) -> Result<Self, Broken> {
        let proposal = Proposal::of(bed, &offer).await?;
        Self::opened_by(bed, offer, &proposal).await
    }

    /// Opens the channel of `proposal`.
    pub async fn opened_by(
        bed: &'a Bed,
        offer: Mounted,
        proposal: &Proposal,
    ) -> Result<Self, Broken> {
        managed(&buyer::present(bed, &offer, &proposal.sign()?).await?)?;
        Ok(Self::of(bed, offer, proposal))
    }

    /// The channel of `proposal`, which was opened already.
    pub fn of(bed: &'a Bed, offer: Mounted, proposal: &Proposal) -> Self {
        Self {
            bed,
            offer,
            terms: proposal.terms,
            id: proposal.channel,
            escrow: proposal.escrow,
            key: proposal.voucher_key.clone(),
        }
    }

    /// The same channel, at another offer of its payee.
    #[must_use]
    pub fn at(&self, offer: Mounted) -> Self {
        Self { offer, ..self.clone() }
    }

    /// A voucher for so much in all, before it is signed.
    #[must_use]
    pub fn voucher(&self, cumulative: u64) -> Voucher {
        Voucher { channel: self.id, cumulative: BaseUnits::new(cumulative) }
    }

    /// A valid voucher for so much in all.
    pub fn signed(&self, cumulative: u64) -> Result<SignedVoucher, Broken> {
        self.voucher(cumulative).sign(&self.escrow, &self.key).map_err(ours)
    }

    /// Buys once with a valid voucher for so much in all.
    pub async fn buy(&self, cumulative: u64) -> Result<Answer, Broken> {
        self.present(SessionPayload::Voucher(self.signed(cumulative)?)).await
    }

    /// The credential that buys once with a valid voucher for so much in all.
    pub async fn paying(&self, cumulative: u64) -> Result<Value, Broken> {
        self.paying_at(&self.offer, cumulative).await
    }

    /// The same at another offer.
    pub async fn paying_at(&self, offer: &Mounted, cumulative: u64) -> Result<Value, Broken> {
        let challenge = buyer::challenge(self.bed, offer).await?;
        let voucher = SessionPayload::Voucher(self.signed(cumulative)?);
        self.credential(&json!(challenge), voucher)
    }

    /// Presents a credential to the offer the channel was opened for.
    pub async fn present_credential(&self, credential: &Value) -> Result<Answer, Broken> {
        buyer::present(self.bed, &self.offer, credential).await
    }

    /// Asks to close with a valid voucher for so much in all.
    pub async fn close(&self, cumulative: u64) -> Result<Answer, Broken> {
        self.present(SessionPayload::Close(self.signed(cumulative)?)).await
    }

    /// Adds `units` by an authorization that the facilitator broadcasts.
    pub async fn top_up(&self, units: u64) -> Result<Answer, Broken> {
        let addition = Addition::of(self, units).await?;
        self.present(addition.sign()?).await
    }

    /// Presents a payload, as the answer to a fresh challenge of the offer.
    pub async fn present(&self, payload: impl Serialize) -> Result<Answer, Broken> {
        self.present_at(&self.offer, payload).await
    }

    /// Presents a payload that somebody else paid for.
    pub async fn present_as(
        &self,
        source: &Account,
        payload: impl Serialize,
    ) -> Result<Answer, Broken> {
        let challenge = buyer::challenge(self.bed, &self.offer).await?;
        let mut credential = self.credential(&json!(challenge), payload)?;
        credential["source"] = json!(buyer::did(source, self.offer.chain_id()));
        buyer::present(self.bed, &self.offer, &credential).await
    }

    /// Presents a payload to another offer.
    pub async fn present_at(
        &self,
        offer: &Mounted,
        payload: impl Serialize,
    ) -> Result<Answer, Broken> {
        let challenge = buyer::challenge(self.bed, offer).await?;
        let credential = self.credential(&json!(challenge), payload)?;
        buyer::present(self.bed, offer, &credential).await
    }

    /// The credential that answers `challenge` with a payload.
    pub fn credential(&self, challenge: &Value, payload: impl Serialize) -> Result<Value, Broken> {
        Ok(json!({
            "challenge": challenge,
            "payload": serde_json::to_value(payload).map_err(ours)?,
            "source": buyer::did(self.bed.payer(), self.offer.chain_id()),
        }))
    }

    /// The payer's own call to the escrow.
    pub async fn call(&self, call: impl SolCall) -> Result<TxHash, Broken> {
        let chain = &self.bed.testbed().chain;
        let receipt =
            chain.transact(self.bed.payer(), self.escrow.contract, call.abi_encode()).await?;
        if receipt.status() {
            Ok(receipt.transaction_hash)
        } else {
            Err(Broken::Ours("the payer's own call reverted".to_owned()))
        }
    }

    /// Asks the escrow to let the payer leave.
    pub async fn request_close(&self) -> Result<TxHash, Broken> {
        self.call(EscrowContract::requestCloseCall { channelId: self.id.0 }).await
    }

    /// What the payer gave, the channel holds, and the payee and those who share
    /// have got: exactly this, and nothing else moved.
    pub async fn stands(&self, gave: u64, holds: u64, paid: &[(Holder, u64)]) -> Outcome {
        let delta = |units: u64| I256::try_from(units).unwrap_or_default();
        let mut moved = vec![
            (Holder::from(self.bed.payer().address()), -delta(gave)),
            (self.id.into(), delta(holds)),
        ];
        moved.extend(paid.iter().map(|(holder, units)| (*holder, delta(*units))));
        self.bed.moved(&moved).await
    }

    /// The payee, as a holder.
    #[must_use]
    pub fn payee(&self) -> Holder {
        self.terms.payee.into()
    }
}

/// A top-up before it is signed.
#[derive(Clone, Debug)]
pub struct Addition {
    /// The channel, as it is claimed.
    pub channel: ChannelId,
    /// Makes the nonce one of many.
    pub salt: B256,
    /// What is claimed to be added.
    pub additional: BaseUnits,
    /// The deposit.
    pub receive: Receive,
    /// The domain it is signed in.
    pub token: TokenDomain,
    /// Signs the deposit.
    pub key: PrivateKeySigner,
}

impl Addition {
    /// A valid top-up by the channel's payer.
    pub async fn of(channel: &Channel<'_>, units: u64) -> Result<Self, Broken> {
        let bed = channel.bed;
        let challenge = buyer::challenge(bed, &channel.offer).await?;
        let (salt, value) = (bed.nonce(), BaseUnits::new(units));
        let payer = bed.payer();
        Ok(Self {
            channel: channel.id,
            salt,
            additional: value,
            receive: Receive {
                kind: "eip-3009".to_owned(),
                from: payer.address(),
                to: channel.escrow.contract,
                value,
                valid_after: BaseUnits::default(),
                valid_before: BaseUnits::new(buyer::valid_before(&challenge)?),
                nonce: top_up_nonce(channel.id, value, payer.address(), salt),
            },
            token: channel.offer.token().domain.clone(),
            key: payer.key().clone(),
        })
    }

    /// The same top-up, changed.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The same top-up out of another account.
    #[must_use]
    pub fn paid_for_by(mut self, payer: &Account) -> Self {
        self.receive.from = payer.address();
        self.receive.nonce =
            top_up_nonce(self.channel, self.additional, payer.address(), self.salt);
        self.key = payer.key().clone();
        self
    }

    /// The payload, signed as it stands, for the facilitator to broadcast.
    pub fn sign(&self) -> Result<SessionPayload, Broken> {
        let signature = self.receive.sign(&self.token, &self.key).map_err(ours)?;
        Ok(self.paid_by(Deposit::Transaction { authorization: self.receive.clone(), signature }))
    }

    /// The payload that names a transaction already sent.
    #[must_use]
    pub fn with_hash(&self, hash: TxHash) -> SessionPayload {
        self.paid_by(Deposit::Hash { hash, signature: None })
    }

    /// Adds to the channel without anybody's help, and returns the transaction.
    pub async fn broadcast(&self, channel: &Channel<'_>) -> Result<TxHash, Broken> {
        let chain = &channel.bed.testbed().chain;
        let amount = self.additional.0;
        let approve = Token::approveCall { spender: channel.escrow.contract, value: amount };
        chain.transact(channel.bed.payer(), channel.terms.token, approve.abi_encode()).await?;
        let call =
            EscrowContract::topUpCall { channelId: channel.id.0, additionalDeposit: amount.to() };
        channel.call(call).await
    }

    /// Tries the same with too little gas, and returns the transaction that
    /// reverted.
    pub async fn broadcast_in_vain(&self, channel: &Channel<'_>) -> Result<TxHash, Broken> {
        let chain = &channel.bed.testbed().chain;
        let call = EscrowContract::topUpCall {
            channelId: channel.id.0,
            additionalDeposit: self.additional.0.to(),
        };
        let (payer, escrow) = (channel.bed.payer(), channel.escrow.contract);
        let receipt = chain.transact_in_vain(payer, escrow, call.abi_encode()).await?;
        Ok(receipt.transaction_hash)
    }

    fn paid_by(&self, deposit: Deposit) -> SessionPayload {
        SessionPayload::TopUp(TopUp {
            channel_id: self.channel,
            top_up_salt: self.salt,
            additional_deposit: self.additional,
            deposit,
        })
    }
}
