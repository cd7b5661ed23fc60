//! Opening a channel, and adding to it. The seller judges all it can before it
//! has money moved.

use alloy::primitives::{Address, Bytes};
use axum::response::Response;
use conform402_wire::BaseUnits;
use conform402_wire::did::DidPkh;
use conform402_wire::sa::channel::{ChannelStatus, SessionStatus};
use conform402_wire::sa::request::{OPEN, TOP_UP};
use conform402_wire::session::channel::{ChannelId, Terms};
use conform402_wire::session::{Deposit, Opening, SignedVoucher, TopUp};
use serde_json::{Value, json};

use super::{NotDone, Sale};
use crate::channels::Channel;
use crate::sa::{Done, NotSettled};
use crate::seller::refusal::Refusal;

impl Sale<'_> {
    pub(super) async fn open(
        &self,
        opening: &Opening,
        cumulative_amount: BaseUnits,
        voucher_signature: Option<Bytes>,
    ) -> Result<Response, NotDone> {
        let payer = self.payer_of(&opening.deposit)?;
        let terms = Terms {
            payer,
            payee: self.offer.recipient,
            token: self.offer.currency,
            salt: opening.salt,
            authorized_signer: opening.authorized_signer.unwrap_or_default(),
        };
        let id = opening.channel_id;
        if terms.channel_id(&self.escrow()) != id {
            return Err(Refusal::because("invalid-payload", "channelId is of other terms").into());
        }
        let voucher = match &opening.deposit {
            Deposit::Transaction { .. } => voucher_signature,
            Deposit::Hash { signature, .. } => signature.clone(),
        };
        let Some(signature) = voucher else {
            return Err(Refusal::because("invalid-payload", "no voucher").into());
        };
        let first = SignedVoucher { channel_id: id, cumulative_amount, signature };
        self.verify(&first, terms.signer())?;
        if let Deposit::Transaction { authorization, .. } = &opening.deposit
            && cumulative_amount > authorization.value
        {
            return Err(past_deposit());
        }
        let slot = self.slot(id);
        let mut channel = slot.lock().await;
        if channel.is_some() {
            return Err(Refusal::because("invalid-payload", "this channel is open").into());
        }
        let order = self.forwarded(json!(opening), "open");
        let opened = self.visit.route.sa.order(OPEN, &order, id).await;
        let done = self.or_all_the_same(opened, id, BaseUnits::default()).await?;
        let authorized = match &opening.deposit {
            Deposit::Transaction { authorization, .. } => Some(authorization.value),
            Deposit::Hash { .. } => None,
        };
        let deposit = done.deposit.or(authorized).ok_or(NotSettled::Unreadable)?;
        *channel = Some(Channel::opened(terms.signer(), deposit, first));
        Ok(self.managed(id, done.reference))
    }

    pub(super) async fn top_up(&self, more: &TopUp) -> Result<Response, NotDone> {
        let id = more.channel_id;
        let slot = self.slot(id);
        let mut slot = slot.lock().await;
        let Some(channel) = slot.as_mut() else { return Err(self.unknown_channel()) };
        if let Deposit::Transaction { authorization, .. } = &more.deposit
            && authorization.value != more.additional_deposit
        {
            return Err(Refusal::because("invalid-payload", "another amount is authorized").into());
        }
        let order = self.forwarded(json!(more), "topUp");
        let topped_up = self.visit.route.sa.order(TOP_UP, &order, id).await;
        let done = self.or_all_the_same(topped_up, id, channel.deposit).await?;
        let sum = channel.deposit.checked_add(more.additional_deposit);
        channel.deposit = done.deposit.or(sum).ok_or(NotSettled::Unreadable)?;
        Ok(self.managed(id, done.reference))
    }

    fn payer_of(&self, deposit: &Deposit) -> Result<Address, NotDone> {
        let source = self.credential.source.as_deref().map(str::parse::<DidPkh>);
        match (deposit, source) {
            (Deposit::Transaction { authorization, .. }, _) => Ok(authorization.from),
            (Deposit::Hash { .. }, Some(Ok(source))) => Ok(source.address),
            (Deposit::Hash { .. }, _) => {
                Err(Refusal::because("malformed-credential", "source is missing").into())
            }
        }
    }

    /// What the settlement service is asked: the deposit, without the voucher
    /// beside it.
    fn forwarded(&self, mut payload: Value, action: &str) -> Value {
        payload["action"] = action.into();
        if payload["type"] == "hash"
            && let Some(members) = payload.as_object_mut()
        {
            members.remove("signature");
        }
        json!({
            "challenge": self.credential.challenge,
            "payload": payload,
            "source": self.credential.source.clone().unwrap_or_default(),
        })
    }

    /// Where the service did not answer, it may have done its work all the
    /// same: then the channel holds more than `before`.
    async fn or_all_the_same(
        &self,
        done: Result<Done, NotSettled>,
        id: ChannelId,
        before: BaseUnits,
    ) -> Result<Done, NotDone> {
        let failure = match done {
            Ok(done) => return Ok(done),
            Err(failure) => failure,
        };
        let standing = self.visit.route.sa.status(id).await;
        match standing {
            Ok(ChannelStatus { session_status: SessionStatus::Open, deposit, .. })
                if !matches!(failure, NotSettled::Refused(_)) && deposit > before =>
            {
                Ok(Done { reference: None, deposit: Some(deposit) })
            }
            _ => Err(failure.into()),
        }
    }
}

pub(super) fn past_deposit() -> NotDone {
    Refusal::because("session/amount-exceeds-deposit", "more than is deposited").into()
}
