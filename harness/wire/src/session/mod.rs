//! The session intent of `method="evm"`, in the dialect of the OKX SDKs (seed
//! 002, "Session - Metered Payment"; seed 000, "Session — SessionIntent"). What
//! the draft has otherwise is in [`ietf`].

pub mod channel;
pub mod ietf;
pub mod voucher;

use alloy::primitives::{Address, B256, Bytes, TxHash};
use serde::{Deserialize, Serialize};

use crate::amount::BaseUnits;
use crate::eip3009::Receive;
use channel::ChannelId;
use ietf::CredentialType;

/// The intent.
pub const INTENT: &str = "session";

/// The decoded `request` of a session challenge. Unknown members are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionRequest {
    /// What one unit of service costs.
    pub amount: BaseUnits,
    /// ERC-20 contract.
    pub currency: Address,
    /// The payee of the channel.
    pub recipient: Address,
    /// What a unit is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_type: Option<String>,
    /// What the seller suggests to deposit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested_deposit: Option<BaseUnits>,
    /// For display.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The merchant's order id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// What only `evm` needs.
    pub method_details: MethodDetails,
}

/// `methodDetails` of an EVM session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodDetails {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Holds the deposit.
    pub escrow_contract: Address,
    /// A channel to go on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<ChannelId>,
    /// The least a voucher must add; absent is 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_voucher_delta: Option<BaseUnits>,
    /// Whether the server pays gas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee_payer: Option<bool>,
    /// Shares of everything that is settled; none in the `ietf` profile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub splits: Vec<Share>,
    /// How deposits may be funded, in the `ietf` profile only; empty is by hash.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credential_types: Vec<CredentialType>,
    /// Permit2, where it is not at its usual address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permit2_contract: Option<Address>,
}

/// One share of everything a channel settles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Who receives it.
    pub recipient: Address,
    /// Of 10,000; 1 to 9,999, and all together less than 10,000 (seed 002,
    /// "Call Options").
    pub bps: u16,
    /// For the merchant's books.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
}

/// The payload of a session credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum SessionPayload {
    /// Opens a channel.
    Open {
        /// Which, and by what money.
        #[serde(flatten)]
        opening: Opening,
        /// What the first voucher allows, mostly nothing.
        cumulative_amount: BaseUnits,
        /// The first voucher of a relayed opening. Of one the payer broadcast,
        /// it stands in `signature`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        voucher_signature: Option<Bytes>,
    },
    /// Adds to a channel's deposit.
    TopUp(TopUp),
    /// Buys.
    Voucher(SignedVoucher),
    /// Ends the channel.
    Close(SignedVoucher),
}

/// A channel that is to be opened, and its money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Opening {
    /// Its id, which the terms yield too.
    pub channel_id: ChannelId,
    /// Makes it one of many between the same two.
    pub salt: B256,
    /// Who signs vouchers; absent is the payer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorized_signer: Option<Address>,
    /// How the money gets there.
    #[serde(flatten)]
    pub deposit: Deposit,
}

/// More money for a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TopUp {
    /// Which.
    pub channel_id: ChannelId,
    /// Makes its nonce one of many.
    pub top_up_salt: B256,
    /// How much.
    pub additional_deposit: BaseUnits,
    /// How the money gets there.
    #[serde(flatten)]
    pub deposit: Deposit,
}

/// How money gets into escrow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Deposit {
    /// By an EIP-3009 authorization that the facilitator broadcasts.
    Transaction {
        /// To the escrow.
        authorization: Receive,
        /// The payer's, over the authorization.
        signature: Bytes,
    },
    /// By a transaction the payer broadcast itself.
    Hash {
        /// Transaction hash.
        hash: TxHash,
        /// The first voucher, in an opening.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<Bytes>,
    },
}

/// A voucher on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedVoucher {
    /// The channel it is drawn on.
    pub channel_id: ChannelId,
    /// What it allows the payee in all.
    pub cumulative_amount: BaseUnits,
    /// 65 bytes, `r ‖ s ‖ v`.
    pub signature: Bytes,
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn word(byte: &str) -> String {
        format!("0x{}", byte.repeat(32))
    }

    fn signature() -> String {
        format!("0x{}", "11".repeat(65))
    }

    #[rstest]
    #[case::relayed_opening(json!({
        "action": "open",
        "channelId": word("c1"),
        "salt": word("5a"),
        "cumulativeAmount": "0",
        "voucherSignature": signature(),
        "type": "transaction",
        "authorization": {
            "type": "eip-3009",
            "from": format!("0x{}", "aa".repeat(20)),
            "to": format!("0x{}", "ee".repeat(20)),
            "value": "1000",
            "validAfter": "0",
            "validBefore": "1893456000",
            "nonce": word("44"),
        },
        "signature": signature(),
    }))]
    #[case::own_opening(json!({
        "action": "open",
        "channelId": word("c1"),
        "salt": word("5a"),
        "authorizedSigner": format!("0x{}", "bb".repeat(20)),
        "cumulativeAmount": "0",
        "type": "hash",
        "hash": word("ab"),
        "signature": signature(),
    }))]
    #[case::own_top_up(json!({
        "action": "topUp",
        "channelId": word("c1"),
        "topUpSalt": word("22"),
        "additionalDeposit": "500",
        "type": "hash",
        "hash": word("ab"),
    }))]
    #[case::voucher(json!({
        "action": "voucher",
        "channelId": word("c1"),
        "cumulativeAmount": "250",
        "signature": signature(),
    }))]
    #[case::close(json!({
        "action": "close",
        "channelId": word("c1"),
        "cumulativeAmount": "250",
        "signature": signature(),
    }))]
    fn payloads_are_read_and_written_back(#[case] payload: Value) {
        let read: SessionPayload = serde_json::from_value(payload.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), payload);
    }

    #[rstest]
    #[case::action("action", json!("settle"))]
    #[case::no_amount("cumulativeAmount", json!(null))]
    #[case::amount_as_number("cumulativeAmount", json!(250))]
    #[case::short_channel("channelId", json!("0xc1"))]
    fn refuses(#[case] member: &str, #[case] value: Value) {
        let mut payload = json!({
            "action": "voucher",
            "channelId": word("c1"),
            "cumulativeAmount": "250",
            "signature": signature(),
        });
        payload[member] = value;
        assert!(serde_json::from_value::<SessionPayload>(payload).is_err());
    }
}
