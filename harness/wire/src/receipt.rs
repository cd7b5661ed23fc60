//! Payment receipts: `Payment-Receipt: …`
//! (draft-httpauth-payment-00, "Payment-Receipt Header").

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base64url::{self, NotBase64Url};
use crate::json::{EncodedObject, NotEncodedObject};
use crate::members::Members;
use crate::timestamp::{self, NotAnInstant};
use crate::typed_data::Misfit;

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

/// Why a receipt acknowledges no payment.
#[derive(Debug, thiserror::Error)]
pub enum UnusableReceipt {
    /// The field value carries no JSON object.
    #[error(transparent)]
    Field(#[from] NotEncodedObject),
    /// The field value is padded.
    #[error("the field value is padded")]
    Padded,
    /// A member is absent, or of the wrong type.
    #[error(transparent)]
    Member(#[from] Misfit),
    /// The status is not `success`.
    #[error("the status is {0:?}")]
    Status(String),
    /// The time of settlement names no instant.
    #[error(transparent)]
    Timestamp(#[from] NotAnInstant),
}

impl Receipt {
    /// Reads a field value as strictly as a payer must who keeps it as proof.
    ///
    /// # Errors
    /// [`UnusableReceipt`] names the layer or member that is broken.
    pub fn read(field: &str) -> Result<Self, UnusableReceipt> {
        if field.ends_with('=') {
            return Err(UnusableReceipt::Padded);
        }
        Self::from_json(&EncodedObject::from_wire(field).decode()?)
    }

    /// Takes a receipt from JSON. Unknown members are ignored.
    ///
    /// # Errors
    /// [`UnusableReceipt`] names a member that is broken.
    pub fn from_json(value: &Value) -> Result<Self, UnusableReceipt> {
        let members = Members::new(value);
        let status = members.text("status")?;
        if status != "success" {
            return Err(UnusableReceipt::Status(status.to_owned()));
        }
        let timestamp = members.text("timestamp")?;
        timestamp::parse(timestamp)?;
        Ok(Self {
            status: status.to_owned(),
            method: members.text("method")?.to_owned(),
            timestamp: timestamp.to_owned(),
            reference: members.text("reference")?.to_owned(),
            external_id: members.optional_text("externalId")?.map(str::to_owned),
        })
    }

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
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::sound("success", "2030-01-01T00:00:00Z", true)]
    #[case::failed("failed", "2030-01-01T00:00:00Z", false)]
    #[case::no_instant("success", "2030-01-01", false)]
    fn strict_reading(#[case] status: &str, #[case] timestamp: &str, #[case] sound: bool) {
        let receipt = json!({
            "status": status, "method": "evm", "timestamp": timestamp, "reference": "0x1",
        });
        assert_eq!(Receipt::from_json(&receipt).is_ok(), sound);
        let field = base64url::encode(receipt.to_string());
        assert_eq!(Receipt::read(&field).is_ok(), sound);
        assert!(Receipt::read(&format!("{field}=")).is_err());
    }

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
            let field = receipt.to_field().unwrap();
            prop_assert_eq!(&Receipt::parse(&field).unwrap(), &receipt);
            prop_assert_eq!(Receipt::read(&field).unwrap(), receipt);
        }

        #[test]
        fn never_panics(field in "\\PC*") {
            let _ = Receipt::parse(&field);
            let _ = Receipt::read(&field);
        }
    }
}
