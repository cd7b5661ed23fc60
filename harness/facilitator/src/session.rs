//! `session/open`, `topUp`, `settle`, `close` and `status`: what the SA
//! verifies, and how it moves money into escrow and out (seed 002, "Session -
//! Metered Payment" and "SA API error code → PaymentError subclass").
//!
//! Where the seeds are silent: a channel its payer is leaving takes no relayed
//! deposit (70014), but is settled and closed, for which the grace period is; and
//! a top-up that the payer broadcast is refused (70003) where the deposit that an
//! opening was told to have made holds it already.

use alloy::primitives::{Address, B256, TxHash, U256};
use alloy::rpc::types::TransactionReceipt;
use alloy::sol_types::{SolCall, SolEvent};
use conform402_chain::{Channel, Channels, Deposits, EscrowContract, Revert, TokenInfo};
use conform402_wire::eip3009::Receive;
use conform402_wire::sa::SaCode;
use conform402_wire::sa::channel::{ChannelStatus, SessionStatus};
use conform402_wire::sa::request::{CLOSE, OPEN, SETTLE, TOP_UP};
use conform402_wire::sa::session::{Order, SessionReceipt, SignedWithdrawal};
use conform402_wire::session::channel::{ChannelId, Terms, top_up_nonce};
use conform402_wire::session::{Deposit, INTENT, Opening, SessionRequest, TopUp};
use conform402_wire::{BaseUnits, charge, signature, timestamp};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::forwarded::Forwarded;
use crate::{Refusal, Till, lock};

/// The shortest grace period a seller is let in for, in seconds
/// (draft-evm-session-00, "Forced Close").
const SHORTEST_GRACE: u64 = 10 * 60;

impl Till<'_> {
    /// Does what `body` asks of a channel.
    pub(crate) async fn session(&self, path: &str, body: &Value) -> Result<Value, Refusal> {
        let payload: Order = serde_json::from_value(body["payload"].clone())
            .map_err(|error| Refusal::new(SaCode::InvalidParameter, format!("payload: {error}")))?;
        let (channel, transaction) = match (path, payload) {
            (OPEN, Order::Open(opening)) => (opening.channel_id, self.open(body, &opening).await?),
            (TOP_UP, Order::TopUp(more)) => (more.channel_id, self.top_up(body, &more).await?),
            (SETTLE, Order::Settle(order)) => (order.channel_id, self.pay_out(&order).await?),
            (CLOSE, Order::Close(order)) => (order.channel_id, self.close(&order).await?),
            _ => return Err(Refusal::new(SaCode::InvalidParameter, "no such endpoint or action")),
        };
        let deposit = self.chain.channel(channel).await?.map(|channel| channel.deposit);
        if path == OPEN {
            lock(&self.desk.told).insert(channel, deposit.unwrap_or_default());
        }
        json(SessionReceipt {
            method: charge::METHOD.to_owned(),
            intent: INTENT.to_owned(),
            status: "success".to_owned(),
            timestamp: timestamp::format_millis(Timestamp::now()),
            channel_id: channel,
            chain_id: self.chain.chain_id(),
            reference: Some(transaction.to_string()),
            deposit,
        })
    }

    /// Tells of a channel.
    pub(crate) async fn status(&self, query: &Value) -> Result<Value, Refusal> {
        let id: ChannelId =
            serde_json::from_value(query["channelId"].clone()).map_err(|error| {
                Refusal::new(SaCode::InvalidParameter, format!("channelId: {error}"))
            })?;
        let channel = self.existing(id).await?;
        let session_status = match channel {
            Channel { finalized: true, .. } => SessionStatus::Closed,
            Channel { close_requested_at: Some(_), .. } => SessionStatus::Closing,
            _ => SessionStatus::Open,
        };
        let lower = |address: Address| format!("{address:#x}");
        json(ChannelStatus {
            channel_id: id.to_string(),
            payer: lower(channel.payer),
            payee: lower(channel.payee),
            token: lower(channel.token),
            deposit: channel.deposit,
            settled_on_chain: channel.settled,
            session_status,
            remaining_balance: Some(channel.held()),
        })
    }

    async fn open(&self, body: &Value, opening: &Opening) -> Result<TxHash, Refusal> {
        let Forwarded { request, source, .. } =
            self.read(body, |request: &SessionRequest| request.method_details.chain_id)?;
        let details = &request.method_details;
        self.check_escrow(details.escrow_contract).await?;
        check_splits(&request)?;
        let token = self.token(request.currency)?;
        let payer = match (&opening.deposit, source) {
            (Deposit::Transaction { authorization, .. }, Some(source))
                if authorization.from != source.address =>
            {
                return invalid("source is not authorization.from");
            }
            (Deposit::Transaction { authorization, .. }, _) => authorization.from,
            (Deposit::Hash { .. }, Some(source)) => source.address,
            (Deposit::Hash { .. }, None) => return invalid("source missing"),
        };
        self.admit(payer)?;
        let terms = Terms {
            payer,
            payee: request.recipient,
            token: request.currency,
            salt: opening.salt,
            authorized_signer: opening.authorized_signer.unwrap_or_default(),
        };
        if terms.channel_id(self.chain.escrow()) != opening.channel_id {
            return invalid("channelId is not that of these terms");
        }
        match &opening.deposit {
            Deposit::Transaction { authorization, signature } => {
                let nonce = terms.open_nonce(&details.splits);
                let deposit = self.verify_deposit(authorization, signature, token, nonce)?;
                let splits = details.splits.iter();
                let call = EscrowContract::openWithAuthorization_0Call {
                    payee: terms.payee,
                    token: terms.token,
                    deposit,
                    salt: terms.salt,
                    authorizedSigner: terms.authorized_signer,
                    splits: splits
                        .map(|share| Channels::Split { recipient: share.recipient, bps: share.bps })
                        .collect(),
                    authorization: Deposits::Authorization {
                        from: authorization.from,
                        validAfter: authorization.valid_after.0,
                        validBefore: authorization.valid_before.0,
                        nonce: authorization.nonce,
                        signature: signature.clone(),
                    },
                };
                self.relay(call).await
            }
            Deposit::Hash { .. } if details.fee_payer == Some(true) => {
                invalid("feePayer excludes hash mode")
            }
            Deposit::Hash { hash, .. } => {
                let receipt = self.confirmed(*hash).await?;
                let opened = events::<EscrowContract::ChannelOpened>(&receipt, self.escrow())
                    .any(|event| event.channelId == opening.channel_id.0);
                if !opened {
                    return invalid("transaction does not open this channel");
                }
                self.staying(opening.channel_id).await?;
                let splits = self.chain.splits(opening.channel_id).await?;
                let asked = details.splits.iter().map(|share| (share.recipient, share.bps));
                if !splits.into_iter().eq(asked) {
                    return invalid("the channel has other splits");
                }
                self.spend(*hash);
                Ok(*hash)
            }
        }
    }

    async fn top_up(&self, body: &Value, more: &TopUp) -> Result<TxHash, Refusal> {
        let transaction = self.add(body, more).await?;
        let mut told = lock(&self.desk.told);
        let told = told.entry(more.channel_id).or_default();
        *told = told.checked_add(more.additional_deposit).unwrap_or(*told);
        Ok(transaction)
    }

    /// Whether sellers were not told of this money yet. They add every top-up to
    /// what an opening is told to have deposited, in which those that happened
    /// before it are contained already.
    fn is_news(&self, id: ChannelId, channel: &Channel, added: BaseUnits) -> bool {
        let told = lock(&self.desk.told).get(&id).copied().unwrap_or_default();
        told.checked_add(added).is_some_and(|deposit| deposit <= channel.deposit)
    }

    async fn add(&self, body: &Value, more: &TopUp) -> Result<TxHash, Refusal> {
        let source = self.read_source(body)?;
        if let Deposit::Hash { hash, .. } = more.deposit {
            if source.is_none() {
                return invalid("source missing");
            }
            let receipt = self.confirmed(hash).await?;
            let channel = self.staying(more.channel_id).await?;
            self.admit(channel.payer)?;
            let added = events::<EscrowContract::TopUp>(&receipt, self.escrow()).any(|event| {
                event.channelId == more.channel_id.0
                    && event.additionalDeposit == more.additional_deposit.0
            });
            if !added {
                return invalid("transaction does not add this much to this channel");
            }
            if !self.is_news(more.channel_id, &channel, more.additional_deposit) {
                return invalid("the deposit that was told of holds this already");
            }
            self.spend(hash);
            return Ok(hash);
        }
        let Deposit::Transaction { authorization, signature } = &more.deposit else {
            return invalid("no deposit");
        };
        if source.is_some_and(|source| source.address != authorization.from) {
            return invalid("source is not authorization.from");
        }
        self.admit(authorization.from)?;
        let channel = self.staying(more.channel_id).await?;
        if authorization.value != more.additional_deposit {
            return invalid("authorization.value is not additionalDeposit");
        }
        let nonce = top_up_nonce(
            more.channel_id,
            more.additional_deposit,
            authorization.from,
            more.top_up_salt,
        );
        let token = self.token(channel.token)?;
        let deposit = self.verify_deposit(authorization, signature, token, nonce)?;
        self.relay(EscrowContract::topUpWithAuthorizationCall {
            channelId: more.channel_id.0,
            additionalDeposit: deposit,
            from: authorization.from,
            topUpSalt: more.top_up_salt,
            validAfter: authorization.valid_after.0,
            validBefore: authorization.valid_before.0,
            nonce: authorization.nonce,
            signature: signature.clone(),
        })
        .await
    }

    async fn pay_out(&self, order: &SignedWithdrawal) -> Result<TxHash, Refusal> {
        self.relay(EscrowContract::settleWithAuthorizationCall {
            channelId: order.channel_id.0,
            cumulativeAmount: narrow(order.cumulative_amount)?,
            nonce: order.nonce.0,
            deadline: order.deadline.0,
            payeeSignature: order.payee_signature.clone(),
            voucherSignature: order.voucher_signature.clone(),
        })
        .await
    }

    async fn close(&self, order: &SignedWithdrawal) -> Result<TxHash, Refusal> {
        self.relay(EscrowContract::closeWithAuthorizationCall {
            channelId: order.channel_id.0,
            cumulativeAmount: narrow(order.cumulative_amount)?,
            nonce: order.nonce.0,
            deadline: order.deadline.0,
            payeeSignature: order.payee_signature.clone(),
            voucherSignature: order.voucher_signature.clone(),
        })
        .await
    }

    fn escrow(&self) -> Address {
        self.chain.escrow().contract
    }

    /// Lets sellers in that sell on the one escrow whose grace period is long
    /// enough.
    async fn check_escrow(&self, contract: Address) -> Result<(), Refusal> {
        let known = [self.chain.escrow(), self.chain.hasty_escrow()];
        let Some(escrow) = known.into_iter().find(|escrow| escrow.contract == contract) else {
            return Err(Refusal::new(SaCode::InvalidParameter, "escrow is not supported"));
        };
        if self.chain.grace_period(escrow).await? < SHORTEST_GRACE {
            let reason = "the escrow's grace period is too short";
            return Err(Refusal::new(SaCode::GracePeriod, reason));
        }
        Ok(())
    }

    /// Verifies a deposit by authorization, and returns its amount.
    fn verify_deposit(
        &self,
        authorization: &Receive,
        signature: &[u8],
        token: &TokenInfo,
        nonce: B256,
    ) -> Result<u128, Refusal> {
        if authorization.to != self.escrow() {
            return invalid("authorization.to is not the escrow");
        }
        if authorization.nonce != nonce {
            return invalid("authorization.nonce does not bind this deposit");
        }
        match signature::recover(&authorization.digest(&token.domain), signature) {
            Ok(signer) if signer == authorization.from => narrow(authorization.value),
            Ok(_) => Err(Refusal::new(SaCode::InvalidSignature, "signer is not `from`")),
            Err(error) => Err(Refusal::new(SaCode::InvalidSignature, error.to_string())),
        }
    }

    async fn existing(&self, id: ChannelId) -> Result<Channel, Refusal> {
        let none = || Refusal::new(SaCode::ChannelNotFound, "channel does not exist");
        self.chain.channel(id).await?.ok_or_else(none)
    }

    /// A channel that is open, and that its payer is not leaving.
    async fn staying(&self, id: ChannelId) -> Result<Channel, Refusal> {
        let channel = self.existing(id).await?;
        if channel.finalized {
            return Err(Refusal::new(SaCode::ChannelClosed, "channel is closed"));
        }
        if channel.close_requested_at.is_some() {
            return Err(Refusal::new(SaCode::ChannelClosing, "the payer has asked to close"));
        }
        Ok(channel)
    }

    /// Sends a call to the escrow once it is known to succeed.
    async fn relay(&self, call: impl SolCall) -> Result<TxHash, Refusal> {
        let input = call.abi_encode();
        let relayer = self.chain.relayer();
        let simulated =
            self.chain.simulate(relayer.address(), self.escrow(), input.clone().into()).await?;
        simulated.map_err(|revert| refusal_of(&revert))?;
        let receipt = self.chain.transact(relayer, self.escrow(), input).await?;
        if receipt.status() {
            Ok(receipt.transaction_hash)
        } else {
            Err(Refusal::ours("a verified call reverted"))
        }
    }
}

/// The code of a revert: the escrow's own reasons have theirs, all others are
/// credentials that do not pay.
fn refusal_of(revert: &Revert) -> Refusal {
    let code = if revert.is::<EscrowContract::ChannelNotFound>() {
        SaCode::ChannelNotFound
    } else if revert.is::<EscrowContract::ChannelFinalized>() {
        SaCode::ChannelClosed
    } else if revert.is::<EscrowContract::AmountExceedsDeposit>() {
        SaCode::PastDeposit
    } else if revert.is::<EscrowContract::AmountNotIncreasing>() {
        SaCode::DeltaTooSmall
    } else if revert.is::<EscrowContract::InvalidSignature>() {
        SaCode::InvalidSignature
    } else {
        SaCode::InvalidCredential
    };
    Refusal::new(code, revert.to_string())
}

/// The rules of seed 002, "Call Options".
fn check_splits(request: &SessionRequest) -> Result<(), Refusal> {
    let splits = &request.method_details.splits;
    if splits.len() > charge::MAX_SPLITS {
        return Err(Refusal::new(SaCode::SplitCount, "more than 10 splits"));
    }
    if splits.iter().any(|share| share.bps == 0) {
        return Err(Refusal::new(SaCode::InvalidParameter, "a split of 0 basis points"));
    }
    if splits.iter().map(|share| u32::from(share.bps)).sum::<u32>() >= 10_000 {
        return Err(Refusal::new(SaCode::SplitSum, "splits leave the payee nothing"));
    }
    Ok(())
}

fn events<E: SolEvent>(receipt: &TransactionReceipt, escrow: Address) -> impl Iterator<Item = E> {
    let logs = receipt.logs().iter().filter(move |log| log.address() == escrow);
    logs.filter_map(|log| E::decode_log(&log.inner).ok().map(|log| log.data))
}

fn narrow(amount: BaseUnits) -> Result<u128, Refusal> {
    let too_much = |_| Refusal::new(SaCode::InvalidParameter, "more than 128 bits");
    <u128 as TryFrom<U256>>::try_from(amount.0).map_err(too_much)
}

fn invalid<T>(reason: &str) -> Result<T, Refusal> {
    Err(Refusal::new(SaCode::InvalidCredential, reason))
}

fn json(data: impl Serialize) -> Result<Value, Refusal> {
    serde_json::to_value(data).map_err(|error| Refusal::ours(error.to_string()))
}
