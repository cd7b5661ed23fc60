//! What the merchant does of its own accord: settle, close, ask (seed 002,
//! "Extension methods: manual settle / status").

use std::io;

use alloy::primitives::U256;
use alloy::signers::local::PrivateKeySigner;
use conform402_wire::adapter::{Evaluation, MerchantAction, MerchantOrder, OfferInfo, SessionInfo};
use conform402_wire::members::Members;
use conform402_wire::sa::SaCode;
use conform402_wire::sa::request::Withdrawal;
use conform402_wire::session::SignedVoucher;
use conform402_wire::session::channel::{ChannelId, Escrow};
use conform402_wire::session::voucher::{PayeeAuthorization, Voucher};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::channels::{Channel, Till};
use crate::fault::fault;
use crate::sa::{Done, NotSettled};
use crate::shop::{Route, Shop};
use crate::store::Store;

/// How long an authorization to settle or to close is good for, in seconds.
const LIFETIME: i64 = 3_600;

/// The payee of a channel.
pub(super) struct Payee<'a> {
    pub route: &'a Route,
    pub offer: &'a OfferInfo,
    pub session: &'a SessionInfo,
}

impl Payee<'_> {
    /// Keeps a channel as it stands where a restart finds it, if it is to be
    /// kept at all; `None` is one that is no more.
    pub fn keep(&self, id: ChannelId, channel: Option<&Channel>) -> io::Result<()> {
        self.store().map_or(Ok(()), |store| store.keep(id, channel))
    }

    /// Where its channels are.
    pub const fn till(&self) -> Till {
        Till::of(self.offer, self.session)
    }

    /// Where a restart finds channels, if anywhere.
    pub fn store(&self) -> Option<Store> {
        self.route.store(self.till())
    }

    /// Whether a channel is over which the service does not close: it was closed
    /// before, perhaps at our own unheard wish.
    pub fn is_over(&self, failure: NotSettled) -> bool {
        let is_closed = failure == NotSettled::Refused(SaCode::ChannelClosed)
            && !fault!(
                self.route.faults,
                "keeps-channels-the-service-calls-closed",
                "a channel the service calls closed goes on selling"
            );
        is_closed || (failure.is_unheard() && self.forgets_channels_in_trouble())
    }

    /// Whether a seller with a fault loses what it holds when the service does
    /// not answer.
    pub fn forgets_channels_in_trouble(&self) -> bool {
        fault!(
            self.route.faults,
            "forgets-channels-in-trouble",
            "a channel is lost when the service does not answer"
        )
    }

    /// Has what a voucher allows paid out.
    pub async fn withdraw(
        &self,
        withdrawal: Withdrawal,
        voucher: &SignedVoucher,
    ) -> Result<Done, NotSettled> {
        let escrow = Escrow { contract: self.session.escrow, chain_id: self.offer.chain_id };
        let deadline = Timestamp::now().as_second() + LIFETIME;
        let authorization = PayeeAuthorization {
            withdrawal,
            voucher: Voucher { channel: voucher.channel_id, cumulative: voucher.cumulative_amount },
            nonce: unused(),
            deadline: U256::from(u64::try_from(deadline).unwrap_or_default()),
        };
        let key = PrivateKeySigner::from_bytes(&self.session.payee_key);
        let signed = key.ok().and_then(|key| authorization.sign(&escrow, &key).ok());
        let parts = json!({
            "channelId": voucher.channel_id,
            "cumulativeAmount": voucher.cumulative_amount,
            "voucherSignature": voucher.signature,
            "payeeSignature": signed.ok_or(NotSettled::Unreadable)?,
            "nonce": authorization.nonce.to_string(),
            "deadline": authorization.deadline.to_string(),
        });
        let request = withdrawal.request(Members::new(&parts));
        let Ok(request) = request else { return Err(NotSettled::Unreadable) };
        let body = request.body.unwrap_or_default();
        self.route.sa.order(&request.path, &body, voucher.channel_id).await
    }
}

/// A number nobody used before, with overwhelming likelihood.
fn unused() -> U256 {
    U256::from_be_bytes(PrivateKeySigner::random().to_bytes().0)
}

/// Does what the merchant wants; a refusal has the seller's own words.
pub async fn act(shop: &Shop, order: &MerchantOrder) -> Evaluation {
    let Some(route) = shop.route(&order.path) else {
        return Evaluation::Refusal("no such route".to_owned());
    };
    let sold = route.offers.iter().find_map(|offer| Some((offer, offer.session.as_ref()?)));
    let Some((offer, session)) = sold else {
        return Evaluation::Refusal("no session is sold there".to_owned());
    };
    let payee = Payee { route: &route, offer, session };
    match payee.act(shop, order).await {
        Ok(output) => Evaluation::Output(output),
        Err(refusal) => Evaluation::Refusal(refusal),
    }
}

impl Payee<'_> {
    /// Has what the highest voucher allows paid out.
    pub async fn settle(&self, channel: &Channel) -> Result<Done, NotSettled> {
        self.withdraw(Withdrawal::Settle, &channel.highest).await
    }

    async fn act(&self, shop: &Shop, order: &MerchantOrder) -> Result<Value, String> {
        let faults = &self.route.faults;
        let id = order.channel_id;
        let words = |failure: NotSettled| failure.to_string();
        let withdrawal = match order.action {
            MerchantAction::Status
                if fault!(faults, "invents-a-status", "no status is asked for") =>
            {
                return Ok(json!({ "sessionStatus": "open", "deposit": "0" }));
            }
            MerchantAction::Status => {
                return Ok(json!(self.route.sa.status(id).await.map_err(words)?));
            }
            MerchantAction::Settle => Withdrawal::Settle,
            MerchantAction::Close => Withdrawal::Close,
        };
        let slot = shop.channels.slot(self.till(), id);
        let mut held = slot.lock().await;
        let Some(channel) = held.as_mut() else {
            return if fault!(
                faults,
                "claims-to-settle-unknown-channels",
                "a channel nobody opened is settled without a word"
            ) {
                Ok(json!({ "channelId": id, "status": "success" }))
            } else {
                Err("no such channel".to_owned())
            };
        };
        let settles = withdrawal == Withdrawal::Settle;
        let done = match withdrawal {
            Withdrawal::Settle if fault!(faults, "settles-nothing", "to settle does nothing") => {
                Done::default()
            }
            Withdrawal::Close if fault!(faults, "closes-nothing", "to close does nothing") => {
                Done::default()
            }
            Withdrawal::Settle
                if fault!(faults, "closes-when-settling", "to settle ends the channel") =>
            {
                self.withdraw(Withdrawal::Close, &channel.highest).await.map_err(words)?
            }
            _ => {
                let highest = channel.highest.clone();
                // The fault is declared where payers close.
                let sells_on =
                    withdrawal == Withdrawal::Close && faults.has("sells-while-it-closes");
                let withdrawn = if sells_on {
                    drop(held);
                    let withdrawn = self.withdraw(withdrawal, &highest).await;
                    held = slot.lock().await;
                    withdrawn
                } else {
                    self.withdraw(withdrawal, &highest).await
                };
                match withdrawn {
                    Err(failure)
                        if failure.is_unheard()
                            && fault!(
                                faults,
                                "claims-unanswered-withdrawals",
                                "what the service does not answer is told to be done"
                            ) =>
                    {
                        return Ok(json!({ "channelId": id, "status": "success" }));
                    }
                    Err(NotSettled::Refused(_))
                        if fault!(
                            faults,
                            "claims-refused-withdrawals",
                            "the merchant is told that was done which the service refused"
                        ) =>
                    {
                        Done::default()
                    }
                    Err(failure) => {
                        // The fault is declared where payers close.
                        let forgets = matches!(failure, NotSettled::Refused(_))
                            && faults.has("forgets-unclosed-channels");
                        if self.is_over(failure) || forgets {
                            *held = None;
                            self.keep(id, None).map_err(|error| error.to_string())?;
                        }
                        return Err(words(failure));
                    }
                    Ok(done) => done,
                }
            }
        };
        if settles
            && fault!(
                faults,
                "settling-makes-vouchers-good-again",
                "what was sold is forgotten when it is settled"
            )
            && let Some(channel) = held.as_mut()
        {
            channel.forgive();
        }
        let forgets = settles
            && (faults.has("closes-when-settling")
                || fault!(faults, "forgets-settled-channels", "a settled channel sells no more"));
        // Declared where payers close.
        let ends = !settles && !faults.has("leaves-closed-channels-open");
        if forgets || ends {
            *held = None;
            self.keep(id, None).map_err(|error| error.to_string())?;
        }
        Ok(json!({ "channelId": id, "status": "success", "reference": done.reference }))
    }
}
