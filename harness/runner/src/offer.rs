//! What checks ask a target to sell.

use std::time::Duration;

use alloy::primitives::{Address, keccak256};
use alloy::signers::local::PrivateKeySigner;
use conform402_chain::TokenInfo;
use conform402_facilitator::PATIENCE;
use conform402_wire::BaseUnits;
use conform402_wire::Profile;
use conform402_wire::charge::{INTENT, METHOD, Split};
use conform402_wire::session::channel::Escrow;
use conform402_wire::session::ietf::CredentialType;
use conform402_wire::session::{self, Share};

use crate::testbed::Testbed;
use conform402_wire::adapter::{OfferInfo, SessionInfo};

/// An offer a check wants, before it is mounted.
#[derive(Clone, Debug)]
pub struct Offer {
    amount: BaseUnits,
    methods: Vec<&'static str>,
    splits: Vec<BaseUnits>,
    description: Option<String>,
    external_id: Option<String>,
    fee_payer: Option<bool>,
    bind_body: bool,
    handler_fails: bool,
    handler_waits: bool,
    profile: Option<Profile>,
    chain_id: Option<u64>,
    payee: Option<PrivateKeySigner>,
    in_other_token: bool,
    patience: Duration,
    session: Option<SessionOffer>,
}

/// What an offer of a session has besides.
#[derive(Clone, Debug, Default)]
struct SessionOffer {
    suggested_deposit: Option<BaseUnits>,
    min_voucher_delta: Option<BaseUnits>,
    shares: Vec<u16>,
    credential_types: Vec<CredentialType>,
    streamed_units: Option<u64>,
    in_hasty_escrow: bool,
}

impl Offer {
    /// A charge of `units` base units for a GET.
    #[must_use]
    pub fn charge(units: u64) -> Self {
        Self {
            amount: BaseUnits::new(units),
            methods: vec!["GET", "HEAD"],
            splits: Vec::new(),
            description: None,
            external_id: None,
            fee_payer: None,
            bind_body: false,
            handler_fails: false,
            handler_waits: false,
            profile: None,
            chain_id: None,
            payee: None,
            in_other_token: false,
            patience: PATIENCE,
            session: None,
        }
    }

    /// A session whose requests cost `units` base units each.
    #[must_use]
    pub fn session(units: u64) -> Self {
        Self { session: Some(SessionOffer::default()), ..Self::charge(units) }
    }

    /// A session as the draft has it, on channels the payer opened itself.
    #[must_use]
    pub fn ietf_session(units: u64) -> Self {
        Self::session(units).in_profile(Profile::Ietf)
    }

    /// A session whose deposits may be funded in these ways, the preferred one
    /// first. The seller pays gas where it broadcasts.
    #[must_use]
    pub fn funded_by(self, types: &[CredentialType]) -> Self {
        let relayed = types.iter().any(|way| *way != CredentialType::Hash);
        self.fee_payer(relayed).in_session(|session| session.credential_types = types.to_vec())
    }

    /// A session each request of which streams so many units, at the offer's
    /// price each.
    #[must_use]
    pub fn streaming(self, units: u64) -> Self {
        self.in_session(|session| session.streamed_units = Some(units))
    }

    /// A session whose challenge suggests a deposit.
    #[must_use]
    pub fn suggesting(self, deposit: u64) -> Self {
        self.in_session(|session| session.suggested_deposit = Some(BaseUnits::new(deposit)))
    }

    /// A session whose vouchers must each add so much at least.
    #[must_use]
    pub fn with_min_delta(self, units: u64) -> Self {
        self.in_session(|session| session.min_voucher_delta = Some(BaseUnits::new(units)))
    }

    /// A session of which others get these basis points.
    #[must_use]
    pub fn shared(self, bps: &[u16]) -> Self {
        self.in_session(|session| session.shares = bps.to_vec())
    }

    /// A session in the escrow whose grace period is shorter than servers may
    /// accept.
    #[must_use]
    pub fn in_hasty_escrow(self) -> Self {
        self.in_session(|session| session.in_hasty_escrow = true)
    }

    fn in_session(mut self, change: impl FnOnce(&mut SessionOffer)) -> Self {
        change(self.session.get_or_insert_default());
        self
    }

    /// At a price that does not fit 64 bits.
    #[must_use]
    pub fn costing(mut self, amount: BaseUnits) -> Self {
        self.amount = amount;
        self
    }

    /// Sold for a POST.
    #[must_use]
    pub fn by_post(mut self) -> Self {
        self.methods = vec!["POST"];
        self
    }

    /// Sold for a POST whose body the challenge binds.
    #[must_use]
    pub fn binding_the_body(self) -> Self {
        Self { bind_body: true, ..self.by_post() }
    }

    /// With shares of the amount for others.
    #[must_use]
    pub fn split(mut self, units: &[u64]) -> Self {
        self.splits = units.iter().map(|units| BaseUnits::new(*units)).collect();
        self
    }

    /// With a description.
    #[must_use]
    pub fn described(mut self, description: &str) -> Self {
        self.description = Some(description.to_owned());
        self
    }

    /// With the merchant's order id.
    #[must_use]
    pub fn for_order(mut self, external_id: &str) -> Self {
        self.external_id = Some(external_id.to_owned());
        self
    }

    /// The seller pays gas, or does not.
    #[must_use]
    pub fn fee_payer(mut self, seller_pays: bool) -> Self {
        self.fee_payer = Some(seller_pays);
        self
    }

    /// Its handler fails once it was paid for.
    #[must_use]
    pub fn whose_handler_fails(mut self) -> Self {
        self.handler_fails = true;
        self
    }

    /// Its handler, once it was paid for, waits for the check to go on: see
    /// [`crate::Bed::handlers_wait`].
    #[must_use]
    pub fn whose_handler_waits(mut self) -> Self {
        self.handler_waits = true;
        self
    }

    /// In one dialect of a target that speaks several.
    #[must_use]
    pub fn in_profile(mut self, profile: Profile) -> Self {
        self.profile = Some(profile);
        self
    }

    /// On another chain than the testbed's.
    #[must_use]
    pub fn on_chain(mut self, chain_id: u64) -> Self {
        self.chain_id = Some(chain_id);
        self
    }

    /// To the recipient of another offer, as a merchant's offers are.
    #[must_use]
    pub fn paid_to(mut self, other: &Mounted) -> Self {
        self.payee = Some(other.payee.clone());
        self
    }

    /// For the testbed's other token.
    #[must_use]
    pub fn in_other_token(mut self) -> Self {
        self.in_other_token = true;
        self
    }

    /// By a target that waits no longer than this for the facilitator.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    pub(crate) const fn patience(&self) -> Duration {
        self.patience
    }

    pub(crate) const fn handler_waits(&self) -> bool {
        self.handler_waits
    }

    /// Gives the offer recipients of its own, unless it shares one, so that what they receive is
    /// this offer's alone. `gate`: where handlers wait that are to.
    pub(crate) fn mounted(
        self,
        testbed: &Testbed,
        path: &str,
        index: usize,
        gate: Option<&str>,
    ) -> Mounted {
        let payee = self.payee.unwrap_or_else(|| payee(testbed, path, index));
        let split = |(i, amount): (usize, &BaseUnits)| Split {
            amount: *amount,
            recipient: recipient_of_split(testbed, path, index, i),
            memo: Some(format!("partner-{}", i + 1)),
        };
        let splits: Vec<Split> = self.splits.iter().enumerate().map(split).collect();
        let chain = &testbed.chain;
        let escrow = match &self.session {
            Some(SessionOffer { in_hasty_escrow: true, .. }) => *chain.hasty_escrow(),
            _ => *chain.escrow(),
        };
        let session = self.session.map(|session| {
            let share = |(i, bps): (usize, &u16)| Share {
                recipient: recipient_of_split(testbed, path, index, i),
                bps: *bps,
                memo: Some(format!("partner-{}", i + 1)),
            };
            SessionInfo {
                escrow: escrow.contract,
                payee_key: payee.to_bytes(),
                unit_type: Some("request".to_owned()),
                suggested_deposit: session.suggested_deposit,
                min_voucher_delta: session.min_voucher_delta,
                shares: session.shares.iter().enumerate().map(share).collect(),
                credential_types: session.credential_types,
                streamed_units: session.streamed_units,
            }
        });
        let intent = if session.is_some() { session::INTENT } else { INTENT };
        let token = if self.in_other_token { chain.other_token() } else { chain.token() }.clone();
        let digest = keccak256(format!("{}{path}{index}", chain.seed()));
        Mounted {
            info: OfferInfo {
                path: path.to_owned(),
                methods: self.methods.into_iter().map(str::to_owned).collect(),
                protocol: "mpp".to_owned(),
                payment_method: METHOD.to_owned(),
                intent: intent.to_owned(),
                profile: self.profile,
                amount: self.amount,
                price: self.amount.to_decimal(token.decimals),
                currency: token.domain.contract,
                recipient: payee.address(),
                chain_id: self.chain_id.unwrap_or_else(|| chain.chain_id()),
                description: self.description,
                external_id: self.external_id,
                fee_payer: self.fee_payer,
                splits,
                bind_body: self.bind_body,
                content: format!("content-{}", alloy::hex::encode(&digest[..12])),
                handler_fails: self.handler_fails,
                handler_waits_at: gate.filter(|_| self.handler_waits).map(str::to_owned),
                session,
            },
            payee,
            escrow,
            token,
        }
    }
}

fn recipient_of_split(testbed: &Testbed, path: &str, offer: usize, split: usize) -> Address {
    recipient(testbed, path, &format!("split {offer}.{split}"))
}

/// Who an offer pays. It signs only where the offer is a session.
fn payee(testbed: &Testbed, path: &str, index: usize) -> PrivateKeySigner {
    testbed.chain.seed().key(&format!("{path}/payee {index}"))
}

/// Those who share only receive, so they need an address and no key.
fn recipient(testbed: &Testbed, path: &str, role: &str) -> Address {
    let label = format!("conform402/{}/{path}/{role}", testbed.chain.seed());
    Address::from_slice(&keccak256(label)[12..])
}

/// An offer a target serves.
#[derive(Clone, Debug)]
pub struct Mounted {
    pub(crate) info: OfferInfo,
    payee: PrivateKeySigner,
    escrow: Escrow,
    token: TokenInfo,
}

impl Mounted {
    /// The recipient's key.
    #[must_use]
    pub const fn payee_key(&self) -> &PrivateKeySigner {
        &self.payee
    }

    /// What it is paid in.
    #[must_use]
    pub const fn token(&self) -> &TokenInfo {
        &self.token
    }

    /// Where the channels of a session are.
    #[must_use]
    pub const fn escrow(&self) -> &Escrow {
        &self.escrow
    }

    /// Shares of everything a session settles.
    #[must_use]
    pub fn shares(&self) -> &[Share] {
        self.info.session.as_ref().map_or(&[], |session| &session.shares)
    }

    /// The dialect that was asked for.
    #[must_use]
    pub const fn profile(&self) -> Option<Profile> {
        self.info.profile
    }

    /// Where it is served, below the target's URL.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.info.path
    }

    /// What it costs in all.
    #[must_use]
    pub const fn amount(&self) -> BaseUnits {
        self.info.amount
    }

    /// Token.
    #[must_use]
    pub const fn currency(&self) -> Address {
        self.info.currency
    }

    /// EIP-155 chain id.
    #[must_use]
    pub const fn chain_id(&self) -> u64 {
        self.info.chain_id
    }

    /// Who is paid.
    #[must_use]
    pub const fn recipient(&self) -> Address {
        self.info.recipient
    }

    /// Shares.
    #[must_use]
    pub fn splits(&self) -> &[Split] {
        &self.info.splits
    }

    /// What a buyer gets, and nobody else may.
    #[must_use]
    pub fn content(&self) -> &str {
        &self.info.content
    }

    /// The method a buyer uses.
    #[must_use]
    pub fn http_method(&self) -> &str {
        self.info.methods.first().map_or("GET", String::as_str)
    }
}
