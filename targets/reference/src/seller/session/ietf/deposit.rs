//! Opening a channel, and adding to it (draft-evm-session-00, "Open
//! Verification" and "TopUp Verification").

use alloy::primitives::{Address, B256, Bytes, TxHash};
use axum::response::Response;
use conform402_wire::BaseUnits;
use conform402_wire::did::DidPkh;
use conform402_wire::session::channel::{ChannelId, Terms};
use conform402_wire::session::ietf::{
    CredentialType, Funding, MergedDeposit, OpenWitness, Opening, TopUp, TopUpWitness,
};
use conform402_wire::session::{SignedVoucher, ietf::Permit};

use super::{Dealing, malformed};
use crate::channels::Channel;
use crate::escrow::{ChannelEscrow, NotEffective};
use crate::fault::fault;
use crate::seller::refusal::Refusal;
use crate::seller::session::NotDone;

/// What a channel is to be, by the payload that opens it.
struct Agreed {
    salt: B256,
    /// Zero is the payer.
    authorized_signer: Address,
}

/// Seconds a payee must have from a payer's request to leave ("Forced Close").
const LEAST_GRACE_PERIOD: u64 = 10 * 60;

/// Whether a deposit was made.
enum Funded {
    Indeed,
    /// A seller with a fault believes that so much was, by this payer.
    Never(Address, BaseUnits),
}

impl Dealing<'_> {
    pub(super) async fn open(&self, opening: &Opening) -> Result<Response, NotDone> {
        let faults = self.faults();
        let id = opening.channel_id;
        let first = opening.first_signature().cloned();
        let first = match first {
            Some(signature) => signature,
            None if fault!(
                faults,
                "lets-the-first-voucher-be-absent",
                "a channel is opened without a voucher"
            ) =>
            {
                Bytes::new()
            }
            None => return Err(malformed("the first voucher's signature is missing")),
        };
        let voucher = SignedVoucher {
            channel_id: id,
            cumulative_amount: opening.cumulative_amount,
            signature: first,
        };
        let slot = self.sale.slot(id);
        let mut slot = slot.lock().await;
        if slot.is_some()
            && !fault!(
                faults,
                "starts-open-channels-anew",
                "opening a channel again forgets what was sold"
            )
        {
            let problem = "session/transaction-reverted";
            return Err(Refusal::Status(409, problem, "this channel is open".to_owned()).into());
        }
        let agreed = Agreed {
            salt: opening.salt,
            authorized_signer: opening.authorized_signer.unwrap_or_default(),
        };
        self.judge_first_by_payload(&voucher, &opening.funding, &agreed).await?;
        let funded = self.fund_opening(id, &opening.funding, &agreed).await?;
        if let Funded::Never(payer, deposit) = funded {
            let channel = Channel::opened(payer, deposit, voucher);
            return Ok(self.managed(id, slot.insert(channel), None));
        }
        let channel = self.opened(self.opened_id(id, &opening.funding, &agreed), voucher).await?;
        self.sale.payee().keep(id, Some(&channel))?;
        let answer = self.managed(id, &channel, None);
        *slot = Some(channel);
        Ok(answer)
    }

    /// A deposit whose first voucher is no good would be stranded, so what the
    /// payload can tell is judged before anything is broadcast.
    async fn judge_first_by_payload(
        &self,
        first: &SignedVoucher,
        funding: &Funding<OpenWitness>,
        agreed: &Agreed,
    ) -> Result<(), NotDone> {
        let Some((payer, deposit)) = claimed(funding) else { return Ok(()) };
        self.judge_deposit(deposit)?;
        let signer = match agreed.authorized_signer {
            Address::ZERO => payer,
            delegate => delegate,
        };
        self.judge_first(first, signer, deposit).await
    }

    fn judge_deposit(&self, deposit: BaseUnits) -> Result<(), NotDone> {
        if deposit >= self.sale.offer.amount
            || fault!(
                self.faults(),
                "overlooks-the-deposit",
                "a channel that buys nothing is taken"
            )
        {
            return Ok(());
        }
        let problem = "session/insufficient-balance";
        Err(Refusal::because(problem, "the deposit buys nothing").into())
    }

    async fn judge_grace_period(&self) -> Result<(), NotDone> {
        if self.chain.grace_period().await? >= LEAST_GRACE_PERIOD
            || fault!(
                self.faults(),
                "overlooks-the-grace-period",
                "channels are taken where payers can leave at once"
            )
        {
            return Ok(());
        }
        let detail = "this escrow lets payers leave too soon";
        Err(Refusal::because("verification-failed", detail).into())
    }

    async fn judge_first(
        &self,
        first: &SignedVoucher,
        signer: Address,
        deposit: BaseUnits,
    ) -> Result<(), NotDone> {
        let faults = self.faults();
        // Declared where a voucher may be absent: such a seller has none to judge.
        let is_absent =
            first.signature.is_empty() && faults.has("lets-the-first-voucher-be-absent");
        if is_absent
            || fault!(faults, "overlooks-the-first-voucher", "the first voucher is not judged")
        {
            return Ok(());
        }
        self.verify(first, signer).await?;
        self.within(first.cumulative_amount, deposit)
    }

    /// The id of the channel that was opened.
    fn opened_id(
        &self,
        claimed_id: ChannelId,
        funding: &Funding<OpenWitness>,
        agreed: &Agreed,
    ) -> ChannelId {
        match claimed(funding) {
            Some((payer, _)) => self.id_of(payer, agreed),
            None => claimed_id,
        }
    }

    fn id_of(&self, payer: Address, agreed: &Agreed) -> ChannelId {
        let terms = Terms {
            payer,
            payee: self.sale.offer.recipient,
            token: self.sale.offer.currency,
            salt: agreed.salt,
            authorized_signer: agreed.authorized_signer,
        };
        terms.channel_id(&self.sale.escrow())
    }

    /// The channel as the escrow opened it, if it is one this seller can serve.
    async fn opened(&self, id: ChannelId, first: SignedVoucher) -> Result<Channel, NotDone> {
        let faults = self.faults();
        let offer = self.sale.offer;
        let found = self.on_chain(id).await?;
        let unfit = |problem: &'static str, detail: &str| {
            Err(NotDone::Refused(Refusal::because(problem, detail)))
        };
        if found.finalized {
            let ended = self.not_open(id).await;
            return Err(ended);
        }
        if found.payee != offer.recipient
            && !fault!(faults, "overlooks-the-payee", "a channel to another payee is taken")
        {
            return unfit("verification-failed", "the channel pays somebody else");
        }
        if found.token != offer.currency
            && !fault!(faults, "overlooks-the-token", "a channel in another token is taken")
        {
            return unfit("verification-failed", "the channel is in another token");
        }
        self.judge_deposit(BaseUnits::from(found.deposit.saturating_sub(found.settled)))?;
        if found.closeRequestedAt != 0
            && !fault!(
                faults,
                "opens-channels-about-to-close",
                "a channel whose payer is leaving is taken"
            )
        {
            return unfit("session/channel-finalized", "the payer is leaving");
        }
        let delegates = !found.authorizedSigner.is_zero()
            && !fault!(
                faults,
                "overlooks-the-delegate-on-chain",
                "whomever the escrow names, the payer must sign"
            );
        let signer = if delegates { found.authorizedSigner } else { found.payer };
        self.judge_first(&first, signer, BaseUnits::from(found.deposit)).await?;
        Ok(Channel::opened(signer, BaseUnits::from(found.deposit), first))
    }

    async fn fund_opening(
        &self,
        id: ChannelId,
        funding: &Funding<OpenWitness>,
        agreed: &Agreed,
    ) -> Result<Funded, NotDone> {
        let (faults, offer) = (self.faults(), self.sale.offer);
        if let Some((payer, _)) = claimed(funding)
            && self.id_of(payer, agreed) != id
            && !fault!(
                faults,
                "opens-under-the-claimed-id",
                "a channel can be opened under the id of another"
            )
        {
            let detail = "the channel's id is another";
            return Err(Refusal::because("verification-failed", detail).into());
        }
        if let Funding::Authorization { .. } = funding
            && self.sale.credential.source.is_none()
            && fault!(faults, "asks-for-a-source-always", "whoever signs must also say who it is")
        {
            return Err(malformed("source is missing"));
        }
        self.takes(funding)?;
        self.judge_grace_period().await?;
        let broadcast = match funding {
            Funding::Hash { hash, .. } => {
                return self.opened_by(*hash, id).await.map(|()| Funded::Indeed);
            }
            Funding::Authorization { authorization, signature } => {
                let call = ChannelEscrow::openWithAuthorizationCall {
                    payee: offer.recipient,
                    token: offer.currency,
                    deposit: units(authorization.value)?,
                    salt: agreed.salt,
                    authorizedSigner: agreed.authorized_signer,
                    from: authorization.from,
                    validAfter: authorization.valid_after.0,
                    validBefore: authorization.valid_before.0,
                    nonce: authorization.nonce,
                    signature: signature.clone(),
                };
                self.chain.broadcast(&call).await
            }
            Funding::Permit2 { authorization, signature } => {
                self.witnesses_opening(authorization, agreed)?;
                let call = ChannelEscrow::openWithPermit2Call {
                    payee: offer.recipient,
                    token: offer.currency,
                    deposit: units(authorization.permitted.amount)?,
                    salt: agreed.salt,
                    authorizedSigner: agreed.authorized_signer,
                    from: authorization.from,
                    nonce: authorization.nonce.0,
                    deadline: authorization.deadline.0,
                    signature: signature.clone(),
                };
                self.chain.broadcast(&call).await
            }
        };
        match (broadcast, claimed(funding)) {
            (Err(NotEffective::Reverted { .. }), Some((payer, deposit)))
                if fault!(
                    faults,
                    "trusts-what-it-broadcast",
                    "a channel is opened although the transaction reverted"
                ) =>
            {
                Ok(Funded::Never(payer, deposit))
            }
            (broadcast, _) => self.judge(broadcast).map(|()| Funded::Indeed),
        }
    }

    /// A payer submits no format that the challenge does not list ("Method
    /// Details").
    fn takes<W>(&self, funding: &Funding<W>) -> Result<(), NotDone> {
        let listed = &self.sale.session.credential_types;
        let way = match funding {
            Funding::Hash { .. } => CredentialType::Hash,
            Funding::Authorization { .. } => CredentialType::Authorization,
            Funding::Permit2 { .. } => CredentialType::Permit2,
        };
        let is_default = listed.is_empty() && way == CredentialType::Hash;
        if !is_default && !listed.contains(&way) {
            return Err(malformed("the challenge does not list this type"));
        }
        if let Funding::Permit2 { .. } = funding
            && fault!(self.faults(), "knows-no-permits", "a Permit2 signature is refused")
        {
            return Err(malformed("unknown type"));
        }
        Ok(())
    }

    /// What a transaction of ours came to.
    fn judge(&self, broadcast: Result<TxHash, NotEffective>) -> Result<(), NotDone> {
        let faults = self.faults();
        match broadcast {
            Err(NotEffective::Reverted { .. })
                if fault!(faults, "breaks-down-on-reverts", "a revert is a 500") =>
            {
                Err(Refusal::Crash.into())
            }
            Err(NotEffective::Reverted { problem })
                if problem == "session/transaction-reverted"
                    && fault!(
                        faults,
                        "asks-to-pay-for-reverts",
                        "a revert is answered 402, so that payers pay again"
                    ) =>
            {
                Err(Refusal::because("verification-failed", "reverted").into())
            }
            broadcast => Ok(broadcast.map(drop)?),
        }
    }

    fn witnesses_opening(
        &self,
        permit: &Permit<OpenWitness>,
        agreed: &Agreed,
    ) -> Result<(), NotDone> {
        let (faults, offer) = (self.faults(), self.sale.offer);
        let witness = OpenWitness {
            payee: offer.recipient,
            salt: agreed.salt,
            authorized_signer: agreed.authorized_signer,
        };
        if permit.witness != witness
            && !fault!(faults, "overlooks-the-witness", "a witness of another channel is taken")
        {
            let detail = "the witness is not that of this channel";
            return Err(Refusal::because("verification-failed", detail).into());
        }
        self.permits_the_currency(permit)
    }

    fn permits_the_currency<W>(&self, permit: &Permit<W>) -> Result<(), NotDone> {
        if permit.permitted.token == self.sale.offer.currency
            || fault!(
                self.faults(),
                "overlooks-the-permitted-token",
                "a permit that names another token is taken"
            )
        {
            return Ok(());
        }
        Err(Refusal::because("verification-failed", "another token is permitted").into())
    }

    /// The payer says who it is, and its transaction opened this channel.
    async fn opened_by(&self, hash: TxHash, id: ChannelId) -> Result<(), NotDone> {
        let faults = self.faults();
        let source = self.sale.credential.source.as_deref().unwrap_or_default();
        if source.parse::<DidPkh>().is_err()
            && !fault!(faults, "needs-no-source", "whoever knows an opening may present it")
        {
            return Err(malformed("source is missing"));
        }
        let events = self.chain.events::<ChannelEscrow::ChannelOpened>(hash).await;
        let events = match events {
            Err(NotEffective::NotMined)
                if fault!(
                    faults,
                    "takes-any-hash-for-an-opening",
                    "it is enough that the channel is there"
                ) =>
            {
                return Ok(());
            }
            Err(NotEffective::Reverted { .. }) => return self.judge(events.map(|_| hash)),
            events => events?,
        };
        if events.iter().any(|event| event.channelId == id.0)
            || faults.has("takes-any-hash-for-an-opening")
        {
            return Ok(());
        }
        Err(Refusal::because("verification-failed", "this did not open the channel").into())
    }

    pub(super) async fn top_up(&self, more: &TopUp) -> Result<Response, NotDone> {
        let id = more.channel_id;
        let slot = self.slot(id).await?;
        let mut slot = slot.lock().await;
        let Some(channel) = slot.as_mut() else { return Err(self.not_open(id).await) };
        self.takes(&more.funding)?;
        if let Funding::Hash { hash, .. } = &more.funding {
            self.topped_up_by(*hash, id, channel, more.additional_deposit).await?;
        } else {
            self.fund_top_up(id, &more.funding, more.salt, Some(more.additional_deposit)).await?;
            self.count(channel, id).await?;
        }
        self.sale.keep_top_up(channel)?;
        self.sale.visit.shop.vouchers.notify_waiters();
        Ok(self.managed(id, channel, None))
    }

    /// What the escrow holds now is what vouchers may allow.
    async fn count(&self, channel: &mut Channel, id: ChannelId) -> Result<(), NotDone> {
        if !fault!(
            self.faults(),
            "overlooks-what-it-topped-up",
            "a top-up the seller broadcast is not counted"
        ) {
            channel.deposit = BaseUnits::from(self.on_chain(id).await?.deposit);
        }
        Ok(())
    }

    async fn fund_top_up(
        &self,
        id: ChannelId,
        funding: &Funding<TopUpWitness>,
        salt: Option<B256>,
        additional: Option<BaseUnits>,
    ) -> Result<(), NotDone> {
        let faults = self.faults();
        let authorized = match funding {
            Funding::Authorization { authorization, .. } => authorization.value,
            Funding::Permit2 { authorization, .. } => authorization.permitted.amount,
            Funding::Hash { .. } => return Err(malformed("a hash cannot be broadcast")),
        };
        if additional.is_some_and(|additional| additional != authorized)
            && !fault!(
                faults,
                "takes-either-amount",
                "what is authorized counts, whatever is claimed beside it"
            )
        {
            return Err(malformed("additionalDeposit is not what is authorized"));
        }
        let salt = match salt {
            None if fault!(faults, "guesses-the-salt", "an absent salt is taken for zero") => {
                Some(B256::ZERO)
            }
            salt => salt,
        };
        let broadcast = match funding {
            Funding::Authorization { authorization, signature } => {
                let call = ChannelEscrow::topUpWithAuthorizationCall {
                    channelId: id.0,
                    additionalDeposit: units(authorized)?,
                    from: authorization.from,
                    topUpSalt: salt.ok_or_else(|| malformed("salt is missing"))?,
                    validAfter: authorization.valid_after.0,
                    validBefore: authorization.valid_before.0,
                    nonce: authorization.nonce,
                    signature: signature.clone(),
                };
                self.chain.broadcast(&call).await
            }
            Funding::Permit2 { authorization, signature } => {
                if authorization.witness.channel_id != id && !faults.has("overlooks-the-witness") {
                    let detail = "the witness is not that of this channel";
                    return Err(Refusal::because("verification-failed", detail).into());
                }
                self.permits_the_currency(authorization)?;
                let call = ChannelEscrow::topUpWithPermit2Call {
                    channelId: id.0,
                    additionalDeposit: units(authorized)?,
                    from: authorization.from,
                    nonce: authorization.nonce.0,
                    deadline: authorization.deadline.0,
                    signature: signature.clone(),
                };
                self.chain.broadcast(&call).await
            }
            Funding::Hash { .. } => return Ok(()),
        };
        self.judge(broadcast)
    }

    /// The payer's transaction added exactly this to this channel.
    async fn topped_up_by(
        &self,
        hash: TxHash,
        id: ChannelId,
        channel: &mut Channel,
        additional: BaseUnits,
    ) -> Result<(), NotDone> {
        let faults = self.faults();
        if fault!(
            faults,
            "believes-claimed-top-ups",
            "a broadcast top-up adds whatever is claimed, as often as it is claimed"
        ) {
            channel.deposit = channel.deposit.checked_add(additional).unwrap_or(channel.deposit);
            return Ok(());
        }
        let events = match self.chain.events::<ChannelEscrow::TopUp>(hash).await {
            Err(failure @ NotEffective::Reverted { .. }) => return self.judge(Err(failure)),
            events => events?,
        };
        let added = events.iter().any(|event| {
            event.channelId == id.0 && BaseUnits(event.additionalDeposit) == additional
        });
        if !added {
            let detail = "this did not add so much to the channel";
            return Err(Refusal::because("verification-failed", detail).into());
        }
        if !fault!(faults, "forgets-broadcast-top-ups", "a broadcast top-up is not counted") {
            channel.deposit = BaseUnits::from(self.on_chain(id).await?.deposit);
        }
        Ok(())
    }

    /// Makes the deposit a voucher brings along. An opening takes the voucher for
    /// its first; one that cannot be is refused before money moves, although the
    /// draft has the deposit made before the voucher is validated.
    pub(super) async fn merge(
        &self,
        slot: &mut Option<Channel>,
        voucher: &SignedVoucher,
        deposit: &MergedDeposit,
    ) -> Result<(), NotDone> {
        let id = voucher.channel_id;
        match deposit {
            MergedDeposit::Open { salt, authorized_signer, funding } => {
                if let Funding::Hash { .. } = funding {
                    return Err(malformed("a hash cannot be merged"));
                }
                let agreed = Agreed {
                    salt: *salt,
                    authorized_signer: authorized_signer.unwrap_or_default(),
                };
                if fault!(
                    self.faults(),
                    "opens-by-opening-only",
                    "a voucher that brings its opening along is refused"
                ) {
                    return Err(malformed("open first"));
                }
                self.judge_first_by_payload(voucher, funding, &agreed).await?;
                self.fund_opening(id, funding, &agreed).await?;
                let opened = self.opened(id, voucher.clone()).await?;
                self.sale.payee().keep(id, Some(&opened))?;
                *slot = Some(opened);
            }
            MergedDeposit::TopUp { salt, funding } => {
                let Some(channel) = slot.as_mut() else { return Err(self.not_open(id).await) };
                self.takes(funding)?;
                self.fund_top_up(id, funding, *salt, None).await?;
                self.count(channel, id).await?;
                self.sale.keep_top_up(channel)?;
            }
        }
        Ok(())
    }
}

/// Who pays how much, where the payload says so.
fn claimed(funding: &Funding<OpenWitness>) -> Option<(Address, BaseUnits)> {
    match funding {
        Funding::Authorization { authorization, .. } => {
            Some((authorization.from, authorization.value))
        }
        Funding::Permit2 { authorization, .. } => {
            Some((authorization.from, authorization.permitted.amount))
        }
        Funding::Hash { .. } => None,
    }
}

/// What fits a channel.
fn units(amount: BaseUnits) -> Result<u128, NotDone> {
    u128::try_from(amount.0).map_err(|_| malformed("more than a channel holds"))
}
