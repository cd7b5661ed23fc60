//! EIP-712, with every value on the way to the digest.
//!
//! Structs are given as data and messages as JSON, so that one function hashes
//! every struct of the protocols. alloy's encoder normalises a struct's
//! definition; this one takes it literally, since one draft signs a definition
//! that EIP-712 would not produce (draft-evm-charge-00, "PaymentWitness").

use alloy::primitives::{B256, U256, keccak256};
use serde_json::Value;

use crate::amount::BaseUnits;
use crate::members::fixed;

/// A struct and the structs it holds, the primary one first. Each is a name and
/// its members, as `("Voucher", "bytes32 channelId,uint128 cumulativeAmount")`.
pub type Types = [(&'static str, &'static str)];

/// The members a domain may have, in the order EIP-712 gives them.
const DOMAIN_MEMBERS: [&str; 4] =
    ["string name", "string version", "uint256 chainId", "address verifyingContract"];

/// Every value on the way to the hash of a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StructHash {
    /// `encodeType`: what the type hash is the hash of.
    pub encoded_type: String,
    /// `typeHash`.
    pub type_hash: B256,
    /// `encodeData`, without the type hash.
    pub encoded_data: Vec<u8>,
    /// `hashStruct`.
    pub hash: B256,
}

/// Why a message does not fit its types.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// A domain without members.
    #[error("the domain is empty")]
    EmptyDomain,
    /// A member is absent.
    #[error("`{0}` is missing")]
    Missing(String),
    /// A member is no value of its type.
    #[error("`{member}` is no {kind}")]
    Kind {
        /// Its name.
        member: String,
        /// Its type.
        kind: String,
    },
}

impl Misfit {
    /// That `member` is no `kind`.
    #[must_use]
    pub fn kind(member: &str, kind: &str) -> Self {
        Self::Kind { member: member.to_owned(), kind: kind.to_owned() }
    }
}

/// Hashes `message`, a struct of the first of `types`. Integers are decimal
/// strings; addresses and words are hexadecimal, in any case; unknown members
/// are ignored.
///
/// # Errors
/// [`Misfit`] names the first member that is missing or out of range.
pub fn hash_struct(types: &Types, message: &Value) -> Result<StructHash, Misfit> {
    let (primary, members) = types[0];
    let encoded_type = encode_type(types, primary);
    let type_hash = keccak256(&encoded_type);
    let encoded_data = encode_members(types, members, message)?;
    let hash = keccak256([type_hash.as_slice(), &encoded_data].concat());
    Ok(StructHash { encoded_type, type_hash, encoded_data, hash })
}

/// Hashes a domain, of those members it has. The chain id is a JSON integer.
///
/// # Errors
/// [`Misfit`], as [`hash_struct`].
pub fn hash_domain(domain: &Value) -> Result<StructHash, Misfit> {
    let present = |member: &&str| domain.get(split(member).1).is_some_and(|v| !v.is_null());
    let members: Vec<&str> = DOMAIN_MEMBERS.into_iter().filter(present).collect();
    if members.is_empty() {
        return Err(Misfit::EmptyDomain);
    }
    let mut domain = domain.clone();
    if let Some(id) = domain.get_mut("chainId") {
        *id = id.as_u64().map(|id| id.to_string()).into();
    }
    let members = members.join(",");
    let encoded_type = format!("EIP712Domain({members})");
    let type_hash = keccak256(&encoded_type);
    let encoded_data = encode_members(&[], &members, &domain)?;
    let hash = keccak256([type_hash.as_slice(), &encoded_data].concat());
    Ok(StructHash { encoded_type, type_hash, encoded_data, hash })
}

/// What is signed: `keccak256(0x1901 ‖ domainSeparator ‖ hashStruct)`.
#[must_use]
pub fn digest(domain_separator: &B256, struct_hash: &B256) -> B256 {
    keccak256([&[0x19, 0x01], domain_separator.as_slice(), struct_hash.as_slice()].concat())
}

/// The primary struct, then every struct it holds in order of their names.
fn encode_type(types: &Types, primary: &str) -> String {
    let mut held = Vec::new();
    collect_held(types, primary, &mut held);
    held.retain(|name| *name != primary);
    held.sort_unstable();
    let written = |name| format!("{name}({})", members_of(types, name).unwrap_or_default());
    std::iter::once(primary).chain(held).map(written).collect()
}

fn collect_held<'a>(types: &'a Types, name: &'a str, held: &mut Vec<&'a str>) {
    let Some(members) = members_of(types, name) else { return };
    if held.contains(&name) {
        return;
    }
    held.push(name);
    for member in members.split(',') {
        collect_held(types, split(member).0.trim_end_matches("[]"), held);
    }
}

fn members_of<'a>(types: &'a Types, name: &str) -> Option<&'a str> {
    types.iter().find(|(known, _)| *known == name).map(|(_, members)| *members)
}

/// Type and name of a member.
fn split(member: &str) -> (&str, &str) {
    member.trim().split_once(' ').unwrap_or((member, ""))
}

fn encode_members(types: &Types, members: &str, message: &Value) -> Result<Vec<u8>, Misfit> {
    let mut encoded = Vec::new();
    for member in members.split(',').filter(|member| !member.is_empty()) {
        let (kind, name) = split(member);
        let value = message.get(name).ok_or_else(|| Misfit::Missing(name.to_owned()))?;
        encoded.extend(encode_word(types, kind, name, value)?);
    }
    Ok(encoded)
}

fn encode_word(types: &Types, kind: &str, name: &str, value: &Value) -> Result<[u8; 32], Misfit> {
    let misfit = || Misfit::kind(name, kind);
    if let Some(element) = kind.strip_suffix("[]") {
        let elements = value.as_array().ok_or_else(misfit)?;
        let words: Result<Vec<_>, _> =
            elements.iter().map(|value| encode_word(types, element, name, value)).collect();
        return Ok(keccak256(words?.concat()).0);
    }
    if let Some(members) = members_of(types, kind) {
        let encoded = encode_members(types, members, value)?;
        let type_hash = keccak256(encode_type(types, kind));
        return Ok(keccak256([type_hash.as_slice(), &encoded].concat()).0);
    }
    let text = value.as_str().ok_or_else(misfit)?;
    let word = match kind {
        "string" => Some(keccak256(text).0),
        "address" => fixed(text).map(|bytes: [u8; 20]| {
            let mut word = [0; 32];
            word[12..].copy_from_slice(&bytes);
            word
        }),
        "bytes32" => fixed(text),
        integer => integer.strip_prefix("uint").and_then(|bits| {
            let units: BaseUnits = text.parse().ok()?;
            let fits = units.0.bit_len() <= bits.parse().ok()?;
            fits.then(|| U256::to_be_bytes(&units.0))
        }),
    };
    word.ok_or_else(misfit)
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, address, b256};
    use alloy::sol;
    use alloy::sol_types::{SolStruct as _, eip712_domain};
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    sol! {
        struct TokenPermissions { address token; uint256 amount; }
        struct Witness { address to; uint256 validAfter; }
        struct PermitWitnessTransferFrom {
            TokenPermissions[] permitted;
            address spender;
            Witness witness;
            string note;
        }
    }

    const TYPES: [(&str, &str); 3] = [
        (
            "PermitWitnessTransferFrom",
            "TokenPermissions[] permitted,address spender,Witness witness,string note",
        ),
        ("Witness", "address to,uint256 validAfter"),
        ("TokenPermissions", "address token,uint256 amount"),
    ];

    const PARTY: Address = address!("0x70997970c51812dc3a010c7d01b50e0d17dc79c8");

    /// alloy's own encoder is the judge.
    #[test]
    fn nested_structs_and_arrays_hash_as_alloy_hashes_them() {
        let expected = PermitWitnessTransferFrom {
            permitted: vec![
                TokenPermissions { token: PARTY, amount: U256::from(7) },
                TokenPermissions { token: Address::ZERO, amount: U256::MAX },
            ],
            spender: PARTY,
            witness: Witness { to: PARTY, validAfter: U256::from(9) },
            note: "USD₮0".to_owned(),
        };
        let message = json!({
            "permitted": [
                {"token": PARTY, "amount": "7"},
                {"token": Address::ZERO, "amount": U256::MAX.to_string()},
            ],
            "spender": PARTY,
            "witness": {"to": PARTY, "validAfter": "9"},
            "note": "USD₮0",
        });
        let hashed = hash_struct(&TYPES, &message).unwrap();
        assert_eq!(hashed.encoded_type, PermitWitnessTransferFrom::eip712_encode_type());
        assert_eq!(hashed.hash, expected.eip712_hash_struct());
        let domain = eip712_domain! { name: "Permit2", chain_id: 196, verifying_contract: PARTY, };
        let separator =
            hash_domain(&json!({"name": "Permit2", "chainId": 196, "verifyingContract": PARTY}))
                .unwrap()
                .hash;
        assert_eq!(separator, domain.separator());
        assert_eq!(digest(&separator, &hashed.hash), expected.eip712_signing_hash(&domain));
    }

    /// The type hash EIP-3009 states.
    #[test]
    fn a_type_hash() {
        let members = "address from,address to,uint256 value,uint256 validAfter,\
                       uint256 validBefore,bytes32 nonce";
        let encoded =
            encode_type(&[("TransferWithAuthorization", members)], "TransferWithAuthorization");
        let expected = b256!("0x7c7c6cdb67a18743f49ec6fa9b35f50d52ed05cbed4cc592e13b44501c1a2267");
        assert_eq!(keccak256(encoded), expected);
    }

    #[rstest]
    #[case::out_of_range("uint128", json!("340282366920938463463374607431768211456"))]
    #[case::negative("uint128", json!("-1"))]
    #[case::a_number("uint128", json!(1))]
    #[case::a_short_address("address", json!("0x70997970c51812dc3a010c7d01b50e0d17dc79"))]
    #[case::two_prefixes("address", json!("0x0x70997970c51812dc3a010c7d01b50e0d17dc79"))]
    #[case::no_prefix("bytes32", json!("00".repeat(32)))]
    #[case::no_list("address[]", json!("0x"))]
    fn refuses(#[case] kind: &str, #[case] value: Value) {
        assert!(encode_word(&[], kind, "m", &value).is_err());
    }
}
