//! Payment receipts: `Payment-Receipt: …`
//! (draft-httpauth-payment-00, "Payment-Receipt Header").

use serde::{Deserialize, Serialize};

use crate::base64url::{self, NotBase64Url};

/// The header field name.
pub const HEADER: &str = "payment-receipt";

/// What a server acknowledges once it was paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Always `success`: failures are told by status and problem details.
    pub status: String,
    /// The challenge's method.
    pub method: String,
    /// RFC 3339, when it was settled.
    pub timestamp: String,
    /// For `evm`, the hash of the settling transaction.
    pub reference: String,
    /// The merchant's own reference, echoed from the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

/// Why a field value is no receipt.
#[derive(Debug, thiserror::Error)]
pub enum InvalidReceipt {
    /// The outer encoding is broken, or padded.
    #[error(transparent)]
    Base64(#[from] NotBase64Url),
    /// The inner text is no receipt.
    #[error("not a receipt: {0}")]
    Json(#[from] serde_json::Error),
}

impl Receipt {
    /// Reads a field value, which must be unpadded base64url.
    ///
    /// # Errors
    /// [`InvalidReceipt`] names the layer that is broken.
    pub fn parse(field: &str) -> Result<Self, InvalidReceipt> {
        Ok(serde_json::from_slice(&base64url::decode_unpadded(field)?)?)
    }

    /// The field value.
    ///
    /// # Errors
    /// None in practice: every member is a string.
    pub fn to_field(&self) -> Result<String, serde_json::Error> {
        Ok(base64url::encode(serde_json::to_vec(self)?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn round_trips(reference in "\\PC*", external_id in proptest::option::of("\\PC*")) {
            let receipt = Receipt {
                status: "success".into(),
                method: "evm".into(),
                timestamp: "2030-01-01T00:00:00Z".into(),
                reference,
                external_id,
            };
            prop_assert_eq!(Receipt::parse(&receipt.to_field().unwrap()).unwrap(), receipt);
        }

        #[test]
        fn never_panics(field in "\\PC*") {
            let _ = Receipt::parse(&field);
        }
    }
}
