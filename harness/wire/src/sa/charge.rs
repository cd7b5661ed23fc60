//! Charge endpoints.

use alloy::primitives::TxHash;
use serde::{Deserialize, Serialize};

/// Settles an authorization.
pub const SETTLE: &str = "/api/v6/pay/mpp/charge/settle";

/// Verifies a transfer the payer broadcast.
pub const VERIFY_HASH: &str = "/api/v6/pay/mpp/charge/verifyHash";

/// `data` of a successful charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChargeReceipt {
    /// The challenge's method.
    pub method: String,
    /// Hash of the transaction that paid the recipient.
    pub reference: TxHash,
    /// `success`, or the charge did not happen.
    pub status: String,
    /// RFC 3339.
    pub timestamp: String,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Id of the challenge that was paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge_id: Option<String>,
    /// From the challenge's request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Blocks since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmations: Option<u64>,
}
