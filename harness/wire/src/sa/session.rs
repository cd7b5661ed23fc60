//! What session endpoints are asked and answer (seed 000, "Endpoints called";
//! seed 002, "Extension methods: manual settle / status").

use alloy::primitives::Bytes;
use serde::{Deserialize, Serialize};

use crate::amount::BaseUnits;
use crate::session::channel::ChannelId;
use crate::session::{Opening, TopUp};

/// The `payload` of a request. Vouchers beside an opening stay with the seller.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase")]
pub enum Order {
    /// Open a channel.
    Open(Opening),
    /// Add to its deposit.
    TopUp(TopUp),
    /// Pay out what a voucher allows.
    Settle(SignedWithdrawal),
    /// The same, and end the channel.
    Close(SignedWithdrawal),
}

/// A voucher, and the payee's authorization to use it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedWithdrawal {
    /// The channel.
    pub channel_id: ChannelId,
    /// What the voucher allows in all.
    pub cumulative_amount: BaseUnits,
    /// The payer's; empty where nothing more is claimed.
    pub voucher_signature: Bytes,
    /// The payee's.
    pub payee_signature: Bytes,
    /// Used once a channel.
    pub nonce: BaseUnits,
    /// Unix seconds; the last that it is good for.
    pub deadline: BaseUnits,
}

/// `data` of everything the SA did to a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionReceipt {
    /// `evm`.
    pub method: String,
    /// `session`.
    pub intent: String,
    /// `success`, or it did not happen.
    pub status: String,
    /// RFC 3339.
    pub timestamp: String,
    /// Which channel.
    pub channel_id: ChannelId,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Hash of the transaction that did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// All that is deposited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposit: Option<BaseUnits>,
}
