//! Sessions as the draft has them: the seller opens, adds to and closes channels
//! by itself, and believes nothing but the escrow (draft-evm-session-00,
//! "Verification Procedure").

mod close;
mod deposit;
mod stream;
mod voucher;

use alloy::primitives::{Address, TxHash};
use axum::response::Response;
use conform402_wire::adapter::{OfferInfo, SessionInfo};
use conform402_wire::session::SignedVoucher;
use conform402_wire::session::channel::ChannelId;
use conform402_wire::session::ietf::{SessionPayload, SessionReceipt};
use conform402_wire::session::voucher::Voucher;
use conform402_wire::{ChallengeId, Credential, base64url, receipt, timestamp};
use jiff::Timestamp;
use serde_json::json;

use super::{NotDone, Sale};
use crate::answer::Answer;
use crate::channels::{Channel, Slot};
use crate::escrow::{ChannelEscrow, EscrowClient, NotEffective};
use crate::fault::{Faults, fault};
use crate::seller::Visit;
use crate::seller::refusal::Refusal;

/// One credential of a session whose seller settles by itself.
struct Dealing<'a> {
    sale: Sale<'a>,
    chain: EscrowClient<'a>,
}

impl From<NotEffective> for NotDone {
    fn from(failure: NotEffective) -> Self {
        Self::Refused(failure.into())
    }
}

impl Visit<'_> {
    /// Takes a credential to its end without a settlement service.
    pub(in crate::seller) async fn ietf_session(
        &self,
        credential: &Credential,
        offer: &OfferInfo,
        session: &SessionInfo,
    ) -> Response {
        let (route, shop) = (&self.route, self.shop);
        let chain = EscrowClient::new(
            &route.testbed.rpc_url,
            &shop.http,
            offer,
            session,
            &shop.broadcasting,
            &route.faults,
        );
        let done = match chain {
            Ok(chain) => {
                let sale = Sale { visit: self, credential, offer, session };
                Dealing { sale, chain }.serve().await
            }
            Err(failure) => Err(failure.into()),
        };
        match done {
            Ok(answer) => answer,
            Err(NotDone::Refused(refusal)) => self.refuse(Some(credential), refusal),
            Err(NotDone::Unsettled(failure)) => self.refuse_unsettled(credential, offer, failure),
        }
    }
}

/// A payload that cannot be read, or lacks something.
fn malformed(detail: impl ToString) -> NotDone {
    Refusal::Status(400, "malformed-credential", detail.to_string()).into()
}

impl Dealing<'_> {
    async fn serve(&self) -> Result<Response, NotDone> {
        match self.read()? {
            SessionPayload::Open(opening) => self.open(&opening).await,
            SessionPayload::TopUp(more) => self.top_up(&more).await,
            SessionPayload::Voucher(update) => self.update(&update).await,
            SessionPayload::Close(voucher) => self.close(&voucher).await,
        }
    }

    fn read(&self) -> Result<SessionPayload, NotDone> {
        let wrapped = self.sale.wrapped();
        let credential = wrapped.as_ref().unwrap_or(self.sale.credential);
        let payload = serde_json::Value::Object(credential.payload.clone());
        serde_json::from_value(payload).map_err(|error| {
            if fault!(
                self.faults(),
                "asks-to-pay-for-malformed-payloads",
                "a payload that cannot be read is answered 402"
            ) {
                Refusal::because("malformed-credential", error).into()
            } else {
                malformed(error)
            }
        })
    }

    fn faults(&self) -> &Faults {
        self.sale.faults()
    }

    /// The place of a channel that was opened here.
    async fn slot(&self, id: ChannelId) -> Result<Slot, NotDone> {
        match self.sale.find(id) {
            Some(slot) => Ok(slot),
            None => Err(self.not_open(id).await),
        }
    }

    /// A voucher is signed by the key that may, or by the contract that may
    /// (ERC-1271).
    async fn verify(&self, voucher: &SignedVoucher, signer: Address) -> Result<(), NotDone> {
        let Err(refusal) = self.sale.verify(voucher, signer) else { return Ok(()) };
        if fault!(
            self.faults(),
            "asks-no-contract-signers",
            "whatever a contract is said to have signed is taken"
        ) && self.chain.is_contract(signer).await?
        {
            return Ok(());
        }
        let said = Voucher { channel: voucher.channel_id, cumulative: voucher.cumulative_amount };
        match said.digest(&self.sale.escrow()) {
            Ok(digest)
                if self.chain.signs(signer, digest, &voucher.signature).await?
                    && !fault!(
                        self.faults(),
                        "knows-no-contract-signers",
                        "a voucher that a contract signed is refused"
                    ) =>
            {
                Ok(())
            }
            _ => Err(refusal),
        }
    }

    fn challenge(&self) -> &ChallengeId {
        &self.sale.credential.challenge.id
    }

    /// Why a channel is not open here: it never was, or it has ended.
    async fn not_open(&self, id: ChannelId) -> NotDone {
        let ended = match self.chain.channel(id).await {
            Ok(channel) => channel.is_some_and(|channel| channel.finalized),
            Err(failure) => return failure.into(),
        };
        let problem = if ended
            && !fault!(
                self.faults(),
                "takes-ended-channels-for-unknown",
                "a channel that was closed is called unknown"
            ) {
            "session/channel-finalized"
        } else {
            "session/channel-not-found"
        };
        let status = if fault!(
            self.faults(),
            "asks-to-pay-on-ended-channels",
            "a channel that is not open is answered 402"
        ) {
            402
        } else {
            410
        };
        Refusal::Status(status, problem, "no such channel is open here".to_owned()).into()
    }

    /// The channel as the escrow has it, which must be there.
    async fn on_chain(&self, id: ChannelId) -> Result<ChannelEscrow::Channel, NotDone> {
        match self.chain.channel(id).await? {
            Some(channel) => Ok(channel),
            None => Err(self.not_open(id).await),
        }
    }

    /// Acknowledges what was done with a channel.
    fn managed(&self, id: ChannelId, channel: &Channel, transaction: Option<TxHash>) -> Response {
        let receipt = self.receipt(id, channel, transaction, 0);
        let body = json!({ "status": "ok", "channelId": id }).to_string();
        self.acknowledge(Answer::text(200, "application/json", body), &receipt).send()
    }

    fn receipt(
        &self,
        id: ChannelId,
        channel: &Channel,
        transaction: Option<TxHash>,
        units: u64,
    ) -> SessionReceipt {
        receipt_of(self.sale.offer, self.challenge(), id, channel, transaction, units)
    }

    fn acknowledge(&self, answer: Answer, receipt: &SessionReceipt) -> Answer {
        let faults = self.faults();
        if fault!(faults, "acknowledges-nothing", "no answer of a session has a receipt") {
            return answer;
        }
        let field = base64url::encode(as_told(faults, receipt).to_string());
        answer.with(receipt::HEADER, &field).with("cache-control", "private")
    }
}

fn receipt_of(
    offer: &OfferInfo,
    challenge: &ChallengeId,
    id: ChannelId,
    channel: &Channel,
    transaction: Option<TxHash>,
    units: u64,
) -> SessionReceipt {
    SessionReceipt {
        method: "evm".to_owned(),
        intent: "session".to_owned(),
        status: "success".to_owned(),
        timestamp: timestamp::format_millis(Timestamp::now()),
        reference: id.to_string(),
        challenge_id: challenge.0.clone(),
        channel_id: id,
        chain_id: offer.chain_id,
        accepted_cumulative: channel.highest.cumulative_amount,
        spent: channel.spent(),
        units: Some(units).filter(|units| *units > 0),
        tx_hash: transaction,
    }
}

/// A receipt as it is sent, which a seller with a fault misstates.
fn as_told(faults: &Faults, receipt: &SessionReceipt) -> serde_json::Value {
    let mut told = json!(receipt);
    if fault!(faults, "refers-to-the-transaction", "a receipt's reference is no channel id") {
        let transaction = receipt.tx_hash.unwrap_or_else(|| TxHash::repeat_byte(1));
        told["reference"] = json!(transaction);
    }
    if fault!(faults, "names-another-method", "a session's receipt is of method tempo") {
        told["method"] = json!("tempo");
    }
    if fault!(faults, "calls-it-a-charge", "a session's receipt is of intent charge") {
        told["intent"] = json!("charge");
    }
    if fault!(faults, "calls-it-paid", "the status of a session's receipt is paid") {
        told["status"] = json!("paid");
    }
    if fault!(faults, "names-another-channel", "a receipt names a channel that is not there") {
        told["channelId"] = json!(TxHash::repeat_byte(2));
    }
    if fault!(faults, "dates-sessions-in-seconds", "the time of a session's receipt is a number") {
        told["timestamp"] = json!(1_800_000_000);
    }
    if fault!(faults, "forgets-the-challenge", "a receipt does not name the challenge") {
        told["challengeId"] = json!("");
    }
    if fault!(faults, "tells-no-balance", "a receipt does not say what was spent") {
        told["spent"] = json!("0");
    }
    if fault!(faults, "writes-the-chain-as-text", "a receipt's chain id is no number") {
        told["chainId"] = json!(receipt.chain_id.to_string());
    }
    if fault!(faults, "hides-the-closing", "a receipt never names a transaction") {
        told["txHash"] = serde_json::Value::Null;
    }
    told
}
