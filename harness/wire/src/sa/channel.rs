//! A channel, as the SA tells of it and as a seller stores it.

use std::fmt;

use alloy::hex;
use alloy::primitives::Address;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;

use crate::amount::BaseUnits;
use crate::members::{Members, bytes_of};
use crate::typed_data::Misfit;

/// Where a channel is in its life (seed 002, "Extension methods: manual settle
/// / status").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SessionStatus {
    /// Takes vouchers.
    Open,
    /// The payer asked for its deposit back.
    Closing,
    /// Settled for good.
    Closed,
}

/// What the SA says of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelStatus {
    /// Its id.
    pub channel_id: String,
    /// Who deposited.
    pub payer: String,
    /// Who withdraws.
    pub payee: String,
    /// What is deposited.
    pub token: String,
    /// All that was deposited.
    pub deposit: BaseUnits,
    /// What was withdrawn.
    pub settled_on_chain: BaseUnits,
    /// Where it is in its life.
    pub session_status: SessionStatus,
    /// What no voucher has claimed; absent where the SA does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining_balance: Option<BaseUnits>,
}

/// Why data tell of no channel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoChannel {
    /// A member is absent or of another type.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// The status is none of the three, in upper case.
    #[error("the status of a channel is OPEN, CLOSING or CLOSED")]
    UnknownStatus,
    /// More was taken than vouchers allow.
    #[error("more was spent than vouchers allow")]
    Overspent,
    /// Text that is no JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// JSON of another kind.
    #[error("JSON, but not an object")]
    NotObject,
}

impl ChannelStatus {
    /// Reads the `data` of `session/status`; ids and addresses are compared
    /// without regard to case, so they come out in lower case.
    ///
    /// # Errors
    /// [`NoChannel`] at the first thing that is wrong.
    pub fn parse(data: Members<'_>) -> Result<Self, NoChannel> {
        Ok(Self {
            channel_id: data.bytes32("channelId")?.to_string(),
            payer: lower(data.address("payer")?),
            payee: lower(data.address("payee")?),
            token: lower(data.address("token")?),
            deposit: data.uint("deposit", 128)?,
            settled_on_chain: data.uint("settledOnChain", 128)?,
            session_status: match data.text("sessionStatus")? {
                "OPEN" => SessionStatus::Open,
                "CLOSING" => SessionStatus::Closing,
                "CLOSED" => SessionStatus::Closed,
                _ => return Err(NoChannel::UnknownStatus),
            },
            remaining_balance: data
                .if_any("remainingBalance", |data, name| data.uint(name, 128))?,
        })
    }
}

/// What a seller stores of a channel (seed 000, "ChannelState").
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelState {
    /// Its id.
    pub channel_id: String,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Where the deposit is.
    pub escrow_contract: String,
    /// Who deposited.
    pub payer: String,
    /// Who withdraws.
    pub payee: String,
    /// What is deposited; empty if unknown.
    pub token: String,
    /// Who signs vouchers; empty if it is the payer.
    pub authorized_signer: String,
    /// All that was deposited.
    pub deposit: BaseUnits,
    /// What the highest voucher allows.
    pub highest_voucher_amount: BaseUnits,
    /// Its signature; empty before the first.
    pub highest_voucher_signature: VoucherSignature,
    /// The least a voucher must add.
    pub min_voucher_delta: BaseUnits,
    /// What was sold.
    pub spent: BaseUnits,
    /// How often something was sold.
    pub units: u64,
    /// Whether the channel has ended.
    pub finalized: bool,
    /// Unix seconds; 0 if the payer did not ask.
    pub close_requested_at: u64,
    /// ISO 8601.
    pub created_at: String,
}

/// 65 bytes, or none; written in hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VoucherSignature(Vec<u8>);

impl VoucherSignature {
    /// Reads hexadecimal behind `0x`, or standard base64.
    ///
    /// # Errors
    /// [`Misfit`] where neither yields 65 bytes.
    pub fn parse(text: &str) -> Result<Self, Misfit> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let bytes = bytes_of(text).or_else(|| STANDARD.decode(text).ok());
        let bytes = bytes.filter(|bytes| bytes.len() == 65);
        bytes.map(Self).ok_or_else(|| Misfit::kind("highestVoucherSignature", "signature"))
    }
}

impl fmt::Display for VoucherSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { f.write_str(&hex::encode_prefixed(&self.0)) }
    }
}

impl Serialize for VoucherSignature {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl ChannelState {
    /// Reads a stored file, by whichever SDK it was written: members in camel
    /// or snake case, amounts as decimal strings or JSON integers, the
    /// signature in hexadecimal or base64. What seed 000 gives a default may be
    /// absent.
    ///
    /// # Errors
    /// [`NoChannel`] at the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, NoChannel> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| NoChannel::NotJson(error.to_string()))?;
        let Value::Object(stored) = value else { return Err(NoChannel::NotObject) };
        let stored = stored.into_iter().map(|(name, value)| (camel(&name), value)).collect();
        Self::read(Members::new(&Value::Object(stored)))
    }

    /// Reads members in camel case.
    ///
    /// # Errors
    /// [`NoChannel`] at the first thing that is wrong.
    pub fn read(members: Members<'_>) -> Result<Self, NoChannel> {
        let address = |name| match members.or_default(name, Members::text)? {
            "" => Ok(String::new()),
            _ => members.address(name).map(lower),
        };
        let signature = members.or_default("highestVoucherSignature", Members::text)?;
        let state = Self {
            channel_id: members.bytes32("channelId")?.to_string(),
            chain_id: members.integer("chainId")?,
            escrow_contract: lower(members.address("escrowContract")?),
            payer: lower(members.address("payer")?),
            payee: lower(members.address("payee")?),
            token: address("token")?,
            authorized_signer: address("authorizedSigner")?,
            deposit: members.or_default("deposit", amount)?,
            highest_voucher_amount: members.or_default("highestVoucherAmount", amount)?,
            highest_voucher_signature: VoucherSignature::parse(signature)?,
            min_voucher_delta: members.or_default("minVoucherDelta", amount)?,
            spent: members.or_default("spent", amount)?,
            units: members.or_default("units", Members::integer)?,
            finalized: members.or_default("finalized", Members::boolean)?,
            close_requested_at: members.or_default("closeRequestedAt", Members::integer)?,
            created_at: members.or_default("createdAt", Members::text)?.to_owned(),
        };
        let available = state.highest_voucher_amount.checked_sub(state.spent);
        available.map(|_| state).ok_or(NoChannel::Overspent)
    }
}

/// An amount that may be a JSON integer.
fn amount(members: Members<'_>, name: &str) -> Result<BaseUnits, Misfit> {
    match members.member(name)?.as_u64() {
        Some(units) => Ok(BaseUnits::new(units)),
        None => members.uint(name, 128),
    }
}

fn lower(address: Address) -> String {
    format!("{address:#x}")
}

/// `highest_voucher_amount` as `highestVoucherAmount`.
fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |camel, part| {
        let mut characters = part.chars();
        let initial = characters.next().map(|c| c.to_ascii_uppercase());
        camel + &initial.into_iter().chain(characters).collect::<String>()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn stored() -> Value {
        json!({
            "channelId": format!("0x{}", "c1".repeat(32)),
            "chainId": 196,
            "escrowContract": format!("0x{}", "5e".repeat(20)),
            "payer": format!("0x{}", "aa".repeat(20)),
            "payee": format!("0x{}", "bb".repeat(20)),
            "deposit": "1000000",
            "highestVoucherAmount": 250_000,
            "highestVoucherSignature": STANDARD.encode([0x11; 65]),
            "spent": "200000",
        })
    }

    #[test]
    fn what_was_written_is_read_back() {
        let state = ChannelState::parse(&stored().to_string()).unwrap();
        let written = serde_json::to_value(&state).unwrap();
        assert_eq!(written["highestVoucherAmount"], "250000");
        assert_eq!(written["highestVoucherSignature"], format!("0x{}", "11".repeat(65)));
        assert_eq!(written["token"], "");
        assert_eq!(ChannelState::parse(&written.to_string()).unwrap(), state);
    }

    #[test]
    fn snake_case_is_read_alike() {
        let Value::Object(members) = stored() else { unreachable!() };
        let snake = |name: &str| {
            let lower = |c: char| {
                if c.is_ascii_uppercase() {
                    format!("_{}", c.to_ascii_lowercase())
                } else {
                    c.into()
                }
            };
            name.chars().map(lower).collect::<String>()
        };
        let renamed: serde_json::Map<_, _> =
            members.into_iter().map(|(name, value)| (snake(&name), value)).collect();
        let state = ChannelState::parse(&Value::Object(renamed).to_string());
        assert_eq!(state, ChannelState::parse(&stored().to_string()));
    }

    #[rstest]
    #[case::negative("deposit", json!(-1))]
    #[case::fraction("deposit", json!(0.5))]
    #[case::exponent("deposit", json!("1e6"))]
    #[case::past_the_range("deposit", json!("340282366920938463463374607431768211456"))]
    #[case::short_signature("highestVoucherSignature", json!(STANDARD.encode([0x11; 64])))]
    #[case::overspent("spent", json!("250001"))]
    #[case::channel("channelId", json!("0xc1"))]
    #[case::no_payer("payer", json!(null))]
    fn refuses(#[case] member: &str, #[case] value: Value) {
        let mut changed = stored();
        changed[member] = value;
        assert!(ChannelState::parse(&changed.to_string()).is_err());
    }

    #[rstest]
    #[case("OPEN", true)]
    #[case("open", false)]
    #[case("PENDING", false)]
    fn a_status_is_in_upper_case(#[case] status: &str, #[case] is_one: bool) {
        let mut data = stored();
        data["settledOnChain"] = json!("0");
        data["token"] = data["payee"].clone();
        data["sessionStatus"] = status.into();
        assert_eq!(ChannelStatus::parse(Members::new(&data)).is_ok(), is_one);
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = ChannelState::parse(&text);
            let _ = VoucherSignature::parse(&text);
        }
    }
}
