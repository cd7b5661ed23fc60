//! The objects of x402, and how headers carry them: standard base64, padded, of
//! JSON in UTF-8.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::schema::Kind::{Amount, Boolean, List, Map, Network, Number, Object, Text};
use super::schema::{self, Member, optional, required};
use crate::json::{NotCanonical, canonical};
use crate::typed_data::Misfit;

/// The header of [`PAYMENT_REQUIRED`], from server to client.
pub const PAYMENT_REQUIRED_HEADER: &str = "PAYMENT-REQUIRED";
/// The header of [`PAYMENT_PAYLOAD`], from client to server.
pub const PAYMENT_SIGNATURE_HEADER: &str = "PAYMENT-SIGNATURE";
/// The header of [`SETTLE_RESPONSE`], from server to client.
pub const PAYMENT_RESPONSE_HEADER: &str = "PAYMENT-RESPONSE";
/// The header of [`V1_PAYMENT_PAYLOAD`], from client to server.
pub const X_PAYMENT_HEADER: &str = "X-PAYMENT";
/// The header of a settle response of v1, from server to client.
pub const X_PAYMENT_RESPONSE_HEADER: &str = "X-PAYMENT-RESPONSE";

/// An object of the protocol.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// Its `x402Version`, if it has one.
    version: Option<u64>,
    members: &'static [Member],
}

/// A payment option of v2 (x402 specification v2, "PaymentRequired Schema").
pub const OFFER: &[Member] = &[
    required("scheme", Text),
    required("network", Network),
    required("amount", Amount),
    required("asset", Text),
    required("payTo", Text),
    required("maxTimeoutSeconds", Number),
    optional("extra", Map),
];

const RESOURCE: &[Member] =
    &[required("url", Text), optional("description", Text), optional("mimeType", Text)];

/// What a 402 of v2 asks for (x402 specification v2, "PaymentRequired Schema").
pub const PAYMENT_REQUIRED: Message = Message {
    version: Some(2),
    members: &[
        optional("error", Text),
        required("resource", Object(RESOURCE)),
        required("accepts", List(OFFER)),
        optional("extensions", Map),
    ],
};

/// How a client of v2 pays (x402 specification v2, "PaymentPayload Schema").
pub const PAYMENT_PAYLOAD: Message = Message {
    version: Some(2),
    members: &[
        optional("resource", Object(RESOURCE)),
        required("accepted", Object(OFFER)),
        required("payload", Map),
        optional("extensions", Map),
    ],
};

/// What became of a payment (x402 specification v2, "SettlementResponse
/// Schema"; `status` is of seed 002, "SettleResponse").
pub const SETTLE_RESPONSE: Message = Message {
    version: None,
    members: &[
        required("success", Boolean),
        required("transaction", Text),
        required("network", Network),
        optional("payer", Text),
        optional("errorReason", Text),
        optional("errorMessage", Text),
        optional("status", Text),
        optional("amount", Amount),
        optional("extensions", Map),
    ],
};

/// What the body of a 402 of v1 asks for (x402 specification v1,
/// "PaymentRequirementsResponse Schema").
pub const V1_PAYMENT_REQUIRED: Message = Message {
    version: Some(1),
    members: &[
        optional("error", Text),
        required(
            "accepts",
            List(&[
                required("scheme", Text),
                required("network", Text),
                required("maxAmountRequired", Amount),
                required("asset", Text),
                required("payTo", Text),
                required("resource", Text),
                required("description", Text),
                optional("mimeType", Text),
                optional("outputSchema", Map),
                required("maxTimeoutSeconds", Number),
                optional("extra", Map),
            ]),
        ),
    ],
};

/// How a client of v1 pays (x402 specification v1, "PaymentPayload Schema").
pub const V1_PAYMENT_PAYLOAD: Message = Message {
    version: Some(1),
    members: &[required("scheme", Text), required("network", Text), required("payload", Map)],
};

/// Why a text is none of these objects.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// Not standard base64 with padding.
    #[error("not base64: {0}")]
    Base64(#[from] base64::DecodeError),
    /// What base64 carries is no text.
    #[error("not UTF-8: {0}")]
    Utf8(#[from] std::string::FromUtf8Error),
    /// The text is no JSON.
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// JSON of another kind.
    #[error("JSON, but not an object")]
    NotObject,
    /// An object of another version of x402.
    #[error("of another version")]
    Version,
    /// A member is missing, or of another kind.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// The object has no JSON form.
    #[error(transparent)]
    NotCanonical(#[from] NotCanonical),
}

/// The bytes a header value carries.
///
/// # Errors
/// [`Malformed::Base64`] outside standard base64 with padding.
pub fn bytes_of(field: &str) -> Result<Vec<u8>, Malformed> {
    Ok(STANDARD.decode(field)?)
}

/// The text a header value carries.
///
/// # Errors
/// [`Malformed::Base64`] or [`Malformed::Utf8`].
pub fn text_of(field: &str) -> Result<String, Malformed> {
    Ok(String::from_utf8(bytes_of(field)?)?)
}

/// The header value that carries `text`.
#[must_use]
pub fn field_of(text: impl AsRef<[u8]>) -> String {
    STANDARD.encode(text)
}

impl Message {
    /// Reads JSON text.
    ///
    /// # Errors
    /// [`Malformed`] names what is wrong with it.
    pub fn read(&self, text: &str) -> Result<Value, Malformed> {
        let value = serde_json::from_str(text)?;
        self.check(&value)?;
        Ok(value)
    }

    /// Writes JSON text; in which of its forms is nobody's business.
    ///
    /// # Errors
    /// [`Malformed`] where `value` is no such object.
    pub fn write(&self, value: &Value) -> Result<String, Malformed> {
        self.check(value)?;
        Ok(canonical(value)?)
    }

    fn check(&self, value: &Value) -> Result<(), Malformed> {
        let Value::Object(object) = value else { return Err(Malformed::NotObject) };
        if let Some(version) = self.version {
            schema::check(&[required("x402Version", Number)], object)?;
            if object["x402Version"].as_u64() != Some(version) {
                return Err(Malformed::Version);
            }
        }
        Ok(schema::check(self.members, object)?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn offer() -> Value {
        json!({
            "scheme": "exact", "network": "eip155:196", "amount": "10000", "asset": "0xa",
            "payTo": "0xb", "maxTimeoutSeconds": 300, "extra": {"name": "USD₮0"},
        })
    }

    fn payload() -> Value {
        json!({"x402Version": 2, "accepted": offer(), "payload": {}})
    }

    /// The header of the x402 specification v2, transport HTTP.
    #[test]
    fn reads_the_specification() {
        let field = "eyJzdWNjZXNzIjpmYWxzZSwiZXJyb3JSZWFzb24iOiJpbnN1ZmZpY2llbnRfZnVuZHMiLCJ0cmFuc2FjdGlvbiI6IiIsIm5ldHdvcmsiOiJlaXAxNTU6ODQ1MzIiLCJwYXllciI6IjB4ODU3YjA2NTE5RTkxZTNBNTQ1Mzg3OTFiRGJiMEUyMjM3M2UzNmI2NiJ9";
        let settled = SETTLE_RESPONSE.read(&text_of(field).unwrap()).unwrap();
        assert_eq!(settled["errorReason"], "insufficient_funds");
    }

    #[test]
    fn round_trips_past_ascii() {
        let field = field_of(PAYMENT_PAYLOAD.write(&payload()).unwrap());
        let read = PAYMENT_PAYLOAD.read(&text_of(&field).unwrap()).unwrap();
        assert_eq!(read, payload());
    }

    #[rstest]
    #[case::version(|p: &mut Value| p["x402Version"] = json!(1))]
    #[case::accepted(|p: &mut Value| p["accepted"] = Value::Null)]
    #[case::amount(|p: &mut Value| p["accepted"]["amount"] = json!(10000))]
    #[case::network(|p: &mut Value| p["accepted"]["network"] = json!("base-sepolia"))]
    #[case::extra(|p: &mut Value| p["accepted"]["extra"] = json!([]))]
    #[case::payload(|p: &mut Value| p["payload"] = json!("0x"))]
    fn refuses(#[case] change: fn(&mut Value)) {
        let mut payload = payload();
        change(&mut payload);
        assert!(PAYMENT_PAYLOAD.read(&payload.to_string()).is_err());
    }

    #[rstest]
    #[case("e30")]
    #[case("e30 =")]
    #[case("-_8=")]
    fn other_base64_is_refused(#[case] field: &str) {
        assert!(text_of(field).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = text_of(&text);
            for message in [PAYMENT_REQUIRED, PAYMENT_PAYLOAD, SETTLE_RESPONSE, V1_PAYMENT_REQUIRED] {
                let _ = message.read(&text);
            }
        }
    }
}
