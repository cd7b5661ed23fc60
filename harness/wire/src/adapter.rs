//! The adapter contract, version 1: what harness and adapter say to each other
//! (`targets/adapter.openapi.yaml`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use alloy::primitives::{Address, B256};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::amount::BaseUnits;
use crate::charge::Split;
use crate::profile::Profile;
use crate::session::Share;
use crate::session::channel::ChannelId;
use crate::session::ietf::CredentialType;

/// The version this harness speaks.
pub const VERSION: u32 = 1;

/// What an adapter prints, before its URL, once it listens.
pub const READY: &str = "conform402-adapter ";

/// `GET` answers an [`Identity`].
pub const IDENTITY: &str = "/conform402/identity";

/// `POST` takes a [`Mount`].
pub const MOUNTS: &str = "/conform402/mounts";

/// `POST` takes [`Evaluations`].
pub const EVALUATIONS: &str = "/conform402/evaluations";

/// `GET` answers a [`Reached`]; only the reference target is asked.
pub const REACHED: &str = "/conform402/reached";

/// `POST` takes a [`MerchantOrder`], and answers an [`Evaluation`] of it.
pub const MERCHANT: &str = "/conform402/merchant";

/// Who a target is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Identity {
    /// Version of the contract the adapter speaks.
    pub contract: u32,
    /// Name of the target.
    pub name: String,
    /// The SDK's package.
    pub sdk: String,
    /// The SDK's version.
    pub version: String,
    /// The SDK's language.
    pub language: String,
    /// The dialects it speaks.
    pub profiles: Vec<Profile>,
    /// What it can do.
    pub capabilities: Vec<Capability>,
    /// The operations of golden vectors it has public functions for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<String>,
    /// The faults it can be given; only the reference target has any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultInfo>,
}

/// What a target declares it can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Capability {
    /// Sells for a signed authorization.
    #[serde(rename = "charge")]
    Charge,
    /// Sells for the hash of a transfer.
    #[serde(rename = "charge.hash")]
    ChargeHash,
    /// Shares a charge among recipients.
    #[serde(rename = "charge.splits")]
    ChargeSplits,
    /// Announces that the seller pays gas.
    #[serde(rename = "charge.fee-payer")]
    ChargeFeePayer,
    /// Sells for vouchers on a channel: opens, tops up, serves, closes.
    #[serde(rename = "session")]
    Session,
    /// Takes the hash of a deposit the payer made.
    #[serde(rename = "session.hash")]
    SessionHash,
    /// Shares what a channel settles among recipients.
    #[serde(rename = "session.splits")]
    SessionSplits,
    /// Announces that the seller pays gas.
    #[serde(rename = "session.fee-payer")]
    SessionFeePayer,
    /// Lets the merchant settle a channel that stays open.
    #[serde(rename = "session.settle")]
    SessionSettle,
    /// Lets the merchant close a channel.
    #[serde(rename = "session.close")]
    SessionClose,
    /// Tells the merchant of a channel.
    #[serde(rename = "session.status")]
    SessionStatus,
    /// Keeps channels where a restart finds them.
    #[serde(rename = "session.durable-store")]
    SessionDurableStore,
    /// Sells for vouchers as the draft has it: on channels the payer opened
    /// itself.
    #[serde(rename = "ietf-session")]
    IetfSession,
    /// Opens and tops up such channels by EIP-3009 signatures.
    #[serde(rename = "ietf-session.authorization")]
    IetfSessionAuthorization,
    /// Opens and tops up such channels by Permit2 signatures.
    #[serde(rename = "ietf-session.permit2")]
    IetfSessionPermit2,
    /// Streams what is sold, and asks for vouchers on the way.
    #[serde(rename = "ietf-session.stream")]
    IetfSessionStream,
    /// Carries the merchant's order id.
    #[serde(rename = "external-id")]
    ExternalId,
    /// Binds a challenge to the request's body.
    #[serde(rename = "body-digest")]
    BodyDigest,
    /// Offers one URL for several payments.
    #[serde(rename = "several-challenges")]
    SeveralChallenges,
    /// Describes what is sold.
    #[serde(rename = "description")]
    Description,
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// A fault of the reference target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultInfo {
    /// Kebab-case.
    pub name: String,
    /// What it breaks.
    pub summary: String,
}

/// For each path that was mounted, the names of the faults whose places in the
/// program were reached by its requests, switched on or not.
pub type Reached = BTreeMap<String, BTreeSet<String>>;

/// Offers to serve, and the testbed to serve them on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mount {
    /// Where everything is.
    pub testbed: TestbedInfo,
    /// What to sell.
    pub offers: Vec<OfferInfo>,
    /// Faults these offers have; empty for every target but the reference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
}

/// A testbed, as a target sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestbedInfo {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// JSON-RPC of the chain.
    pub rpc_url: String,
    /// What prices are in.
    pub token: TokenInfo,
    /// Permit2.
    pub permit2: Address,
    /// The SA API.
    pub facilitator: FacilitatorInfo,
    /// Protection space of every challenge.
    pub realm: String,
    /// Binds challenge ids.
    pub secret_key: String,
    /// Folder to keep channels in; absent where nothing need outlive the
    /// process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<PathBuf>,
}

/// A token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TokenInfo {
    /// Contract.
    pub address: Address,
    /// EIP-712 name.
    pub name: String,
    /// EIP-712 version.
    pub version: String,
    /// Places of a whole token.
    pub decimals: u8,
}

/// The SA API and the keys to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FacilitatorInfo {
    /// Base URL.
    pub url: String,
    /// `OK-ACCESS-KEY`.
    pub api_key: String,
    /// Signs requests.
    pub secret_key: String,
    /// `OK-ACCESS-PASSPHRASE`.
    pub passphrase: String,
    /// How long a target waits for an answer, in milliseconds.
    pub timeout_ms: u64,
}

/// A paid route.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfferInfo {
    /// Absolute path.
    pub path: String,
    /// HTTP methods it answers.
    pub methods: Vec<String>,
    /// Always `mpp`, so far.
    pub protocol: String,
    /// Always `evm`, so far.
    pub payment_method: String,
    /// `charge` or `session`.
    pub intent: String,
    /// The dialect, for targets that speak several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Base units; in a session, of one request.
    pub amount: BaseUnits,
    /// The same in whole tokens.
    pub price: String,
    /// Token.
    pub currency: Address,
    /// Who is paid.
    pub recipient: Address,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// For display.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The merchant's order id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Whether the seller pays gas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fee_payer: Option<bool>,
    /// Shares.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub splits: Vec<Split>,
    /// Whether to bind the request's body.
    pub bind_body: bool,
    /// What a buyer gets.
    pub content: String,
    /// Whether the handler fails once it was paid for.
    pub handler_fails: bool,
    /// URL the handler asks, once it was paid for, and waits for the answer of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler_waits_at: Option<String>,
    /// What a session needs besides; absent for a charge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionInfo>,
}

/// How a session is sold.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    /// Holds the deposits.
    pub escrow: Address,
    /// Private key of the offer's recipient, who signs to settle and to close.
    pub payee_key: B256,
    /// What a unit is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_type: Option<String>,
    /// What the challenge suggests to deposit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested_deposit: Option<BaseUnits>,
    /// The least a voucher must add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_voucher_delta: Option<BaseUnits>,
    /// Shares of what is settled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<Share>,
    /// How deposits may be funded, in the `ietf` profile; empty is by hash.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credential_types: Vec<CredentialType>,
    /// How many units a request streams, each at the offer's amount; absent
    /// where it does not stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub streamed_units: Option<u64>,
}

/// What the merchant does of its own accord.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MerchantOrder {
    /// Of the offer the channel was opened for.
    pub path: String,
    /// What it does.
    pub action: MerchantAction,
    /// With which channel.
    pub channel_id: ChannelId,
}

/// What a merchant does with a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MerchantAction {
    /// Settles the highest voucher.
    Settle,
    /// Settles it and ends the channel.
    Close,
    /// Asks how it stands.
    Status,
}

/// What an adapter answers to a mount.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Mounting {
    /// Offers the SDK refuses to serve.
    #[serde(default)]
    pub refused: Vec<RefusedOffer>,
}

/// An offer the SDK refuses to serve.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefusedOffer {
    /// Its path.
    pub path: String,
    /// The SDK's own words.
    pub reason: String,
}

/// Inputs to evaluate one operation on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Evaluations {
    /// Its name, such as `mpp.challenge.parse`.
    pub operation: String,
    /// Complete inputs, as the vectors describe them.
    pub inputs: Vec<Value>,
    /// Flag of the vectors whose bug to have; only the reference target is
    /// asked for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// What an adapter answers to [`Evaluations`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Evaluated {
    /// One an input, in the same order.
    pub results: Vec<Evaluation>,
}

/// What the SDK made of one input, or of a merchant's order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evaluation {
    /// An output, in the form the vectors describe.
    Output(Value),
    /// The SDK's own words for why it refuses.
    Refusal(String),
    /// A panic or the like, from which a program does not go on.
    Crash(String),
}
