//! Subscriptions: proofs of access of the x402 scheme `period` (seed 002,
//! "AccessProof").

use alloy::primitives::{Address, B256, Bytes, U256, eip191_hash_message, keccak256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base64url;
use crate::members::Members;
use crate::signature::{InvalidSignature, recover};
use crate::typed_data::Misfit;

/// The only kind of proof there is.
pub const KIND: &str = "subscription-id";

/// How far a proof's clock may be off, in seconds, either way.
pub const WINDOW: u64 = 300;

/// What a buyer shows to use a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessProof {
    /// [`KIND`].
    pub kind: String,
    /// The subscription.
    pub sub_id: B256,
    /// Who pays for it.
    #[serde(serialize_with = "lower_case")]
    pub payer: Address,
    /// Unix seconds.
    pub timestamp: u64,
    /// By the payer.
    pub signature: Bytes,
}

fn lower_case<S: serde::Serializer>(address: &Address, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{address:#x}"))
}

/// Why a header or its content is no proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoProof {
    /// Neither base64url nor standard base64.
    #[error("not base64url")]
    NotBase64,
    /// The inner text is no JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// JSON of another kind.
    #[error("JSON, but not an object")]
    NotObject,
    /// A member is absent or of another type.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// Another kind of proof.
    #[error("the kind of a proof is {KIND}")]
    OtherKind,
}

/// Why a proof gives no access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAccess {
    /// Signed too long ago.
    #[error("the proof is older than {WINDOW} s")]
    Past,
    /// Signed in the future.
    #[error("the proof is more than {WINDOW} s ahead")]
    Future,
    /// No signature.
    #[error(transparent)]
    Signature(#[from] InvalidSignature),
    /// Somebody else signed.
    #[error("the payer did not sign")]
    OtherSigner,
}

/// What is packed: subscription, payer and time, without padding of the
/// address.
#[must_use]
pub fn packed(sub_id: &B256, payer: &Address, timestamp: u64) -> Vec<u8> {
    let time = U256::from(timestamp).to_be_bytes::<32>();
    [sub_id.as_slice(), payer.as_slice(), &time].concat()
}

/// What the payer signs: the hash of [`packed`], 32 bytes, as a personal
/// message (EIP-191).
#[must_use]
pub fn digest(inner: &B256) -> B256 {
    eip191_hash_message(inner)
}

impl AccessProof {
    /// Reads a header: base64url, as the seed has it, or standard base64, as
    /// another buyer writes it.
    ///
    /// # Errors
    /// [`NoProof`] names the first layer that is broken.
    pub fn decode(field: &str) -> Result<Self, NoProof> {
        let bytes = base64url::decode(field).ok().or_else(|| STANDARD.decode(field).ok());
        let bytes = bytes.ok_or(NoProof::NotBase64)?;
        let value: Value =
            serde_json::from_slice(&bytes).map_err(|error| NoProof::NotJson(error.to_string()))?;
        if value.is_object() { Self::read(&value) } else { Err(NoProof::NotObject) }
    }

    /// Reads the object inside.
    ///
    /// # Errors
    /// [`NoProof`] at the first member that is wrong.
    pub fn read(value: &Value) -> Result<Self, NoProof> {
        let members = Members::new(value);
        let kind = members.text("kind")?;
        if kind != KIND {
            return Err(NoProof::OtherKind);
        }
        Ok(Self {
            kind: kind.to_owned(),
            sub_id: members.bytes32("subId")?,
            payer: members.address("payer")?,
            timestamp: members.integer("timestamp")?,
            signature: members.bytes("signature")?,
        })
    }

    /// Writes the header.
    ///
    /// # Errors
    /// None in practice: every member has a JSON form.
    pub fn encode(&self) -> Result<String, serde_json::Error> {
        Ok(base64url::encode(serde_json::to_vec(self)?))
    }

    /// Whether the proof holds at `now`, in Unix seconds; the window includes
    /// its edges.
    ///
    /// # Errors
    /// [`NoAccess`].
    pub fn verify(&self, now: u64) -> Result<(), NoAccess> {
        if self.timestamp.saturating_add(WINDOW) < now {
            return Err(NoAccess::Past);
        }
        if now.saturating_add(WINDOW) < self.timestamp {
            return Err(NoAccess::Future);
        }
        let inner = keccak256(packed(&self.sub_id, &self.payer, self.timestamp));
        let signer = recover(&digest(&inner), &self.signature)?;
        if signer == self.payer { Ok(()) } else { Err(NoAccess::OtherSigner) }
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::address;
    use alloy::signers::SignerSync as _;
    use alloy::signers::local::PrivateKeySigner;
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_893_456_000;

    fn proof() -> AccessProof {
        let key = PrivateKeySigner::from_bytes(&keccak256("payer")).unwrap();
        let sub_id = B256::repeat_byte(0x51);
        let inner = keccak256(packed(&sub_id, &key.address(), NOW));
        let signature = key.sign_message_sync(inner.as_slice()).unwrap();
        AccessProof {
            kind: KIND.to_owned(),
            sub_id,
            payer: key.address(),
            timestamp: NOW,
            signature: signature.as_bytes().into(),
        }
    }

    #[test]
    fn the_address_is_not_padded() {
        let packed = packed(
            &B256::repeat_byte(0x11),
            &address!("0x000000000000000000000000000000000000beef"),
            0x6823_2880,
        );
        assert_eq!(packed.len(), 84);
        assert_eq!(packed[50..52], [0xbe, 0xef]);
        assert_eq!(packed[80..], [0x68, 0x23, 0x28, 0x80]);
    }

    #[rstest]
    #[case(NOW, Ok(()))]
    #[case(NOW + 300, Ok(()))]
    #[case(NOW - 300, Ok(()))]
    #[case(NOW + 301, Err(NoAccess::Past))]
    #[case(NOW - 301, Err(NoAccess::Future))]
    fn a_window_has_two_edges(#[case] now: u64, #[case] expected: Result<(), NoAccess>) {
        assert_eq!(proof().verify(now), expected);
    }

    #[test]
    fn every_member_is_signed() {
        let other = AccessProof { sub_id: B256::ZERO, ..proof() };
        assert_eq!(other.verify(NOW), Err(NoAccess::OtherSigner));
        let later = AccessProof { timestamp: NOW + 1, ..proof() };
        assert_eq!(later.verify(NOW), Err(NoAccess::OtherSigner));
    }

    #[test]
    fn round_trips_in_either_alphabet() {
        let field = proof().encode().unwrap();
        assert_eq!(AccessProof::decode(&field), Ok(proof()));
        let standard = STANDARD.encode(serde_json::to_vec(&proof()).unwrap());
        assert_eq!(AccessProof::decode(&standard), Ok(proof()));
    }

    #[rstest]
    #[case::kind("kind", json!("plan-id"))]
    #[case::no_kind("kind", json!(null))]
    #[case::short("subId", json!("0x51"))]
    #[case::unprefixed("payer", json!("11".repeat(20)))]
    #[case::two_prefixes("payer", json!(format!("0x0x{}", "11".repeat(20))))]
    #[case::text("timestamp", json!("soon"))]
    #[case::fraction("timestamp", json!(0.5))]
    #[case::odd("signature", json!("0x1"))]
    fn refuses(#[case] name: &str, #[case] value: Value) {
        let mut changed = serde_json::to_value(proof()).unwrap();
        changed[name] = value;
        assert!(AccessProof::read(&changed).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(field in "\\PC*") {
            let _ = AccessProof::decode(&field);
        }
    }
}
