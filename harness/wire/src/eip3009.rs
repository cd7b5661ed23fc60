//! EIP-3009 authorizations: domain, digest, signature.

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::signers::SignerSync as _;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol;
use alloy::sol_types::{Eip712Domain, SolStruct as _};
use serde::{Deserialize, Serialize};

use crate::amount::BaseUnits;
use crate::charge::Authorization;

sol! {
    /// Signed where the payee itself must present it, as an escrow does.
    struct ReceiveWithAuthorization {
        address from;
        address to;
        uint256 value;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 nonce;
    }

    /// The signed struct, as EIP-3009 spells it.
    struct TransferWithAuthorization {
        address from;
        address to;
        uint256 value;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 nonce;
    }
}

/// A token's EIP-712 domain. The challenge carries neither name nor version;
/// a payer reads them from the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenDomain {
    /// May hold characters outside ASCII, as `USD₮0` does.
    pub name: String,
    /// Any string.
    pub version: String,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The token.
    pub contract: Address,
}

impl TokenDomain {
    /// The EIP-712 form.
    #[must_use]
    pub fn eip712(&self) -> Eip712Domain {
        Eip712Domain::new(
            Some(self.name.clone().into()),
            Some(self.version.clone().into()),
            Some(U256::from(self.chain_id)),
            Some(self.contract),
            None,
        )
    }
}

/// An authorization before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Payer.
    pub from: Address,
    /// Payee.
    pub to: Address,
    /// Amount.
    pub value: BaseUnits,
    /// Unix seconds; valid strictly after.
    pub valid_after: u64,
    /// Unix seconds; valid strictly before.
    pub valid_before: u64,
    /// Used once per payer.
    pub nonce: B256,
}

/// The EIP-712 digest the payer signs.
#[must_use]
pub fn digest(authorization: &Authorization, domain: &TokenDomain) -> B256 {
    TransferWithAuthorization {
        from: authorization.from,
        to: authorization.to,
        value: authorization.value.0,
        validAfter: authorization.valid_after.0,
        validBefore: authorization.valid_before.0,
        nonce: authorization.nonce,
    }
    .eip712_signing_hash(&domain.eip712())
}

impl Transfer {
    /// Signs with `key`, which need not be that of `from`.
    ///
    /// # Errors
    /// Those of the signer; a local key has none.
    pub fn sign(
        &self,
        domain: &TokenDomain,
        key: &PrivateKeySigner,
    ) -> Result<Authorization, alloy::signers::Error> {
        let mut authorization = Authorization {
            kind: "eip-3009".to_owned(),
            from: self.from,
            to: self.to,
            value: self.value,
            valid_after: BaseUnits::new(self.valid_after),
            valid_before: BaseUnits::new(self.valid_before),
            nonce: self.nonce,
            signature: Bytes::new(),
            splits: Vec::new(),
        };
        let signature = key.sign_hash_sync(&digest(&authorization, domain))?;
        authorization.signature = Bytes::copy_from_slice(&signature.as_bytes());
        Ok(authorization)
    }
}

/// An EIP-3009 `ReceiveWithAuthorization`, as sessions carry it: its signature
/// stands beside it, and numbers travel as decimal strings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receive {
    /// Always `eip-3009`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Payer.
    pub from: Address,
    /// Payee, and the only one who can present it.
    pub to: Address,
    /// Amount.
    pub value: BaseUnits,
    /// Unix seconds; valid strictly after.
    pub valid_after: BaseUnits,
    /// Unix seconds; valid strictly before.
    pub valid_before: BaseUnits,
    /// Used once per payer.
    pub nonce: B256,
}

impl Receive {
    /// The EIP-712 digest the payer signs.
    #[must_use]
    pub fn digest(&self, domain: &TokenDomain) -> B256 {
        ReceiveWithAuthorization {
            from: self.from,
            to: self.to,
            value: self.value.0,
            validAfter: self.valid_after.0,
            validBefore: self.valid_before.0,
            nonce: self.nonce,
        }
        .eip712_signing_hash(&domain.eip712())
    }

    /// Signs with `key`, which need not be that of `from`.
    ///
    /// # Errors
    /// Those of the signer; a local key has none.
    pub fn sign(
        &self,
        domain: &TokenDomain,
        key: &PrivateKeySigner,
    ) -> Result<Bytes, alloy::signers::Error> {
        let signature = key.sign_hash_sync(&self.digest(domain))?;
        Ok(Bytes::copy_from_slice(&signature.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{address, b256, keccak256};
    use rstest::rstest;

    use super::*;
    use crate::signature::recover;

    fn domain() -> TokenDomain {
        TokenDomain {
            name: "USD₮0".into(),
            version: "1".into(),
            chain_id: 196,
            contract: address!("0x779ded0c9e1022225f8e0630b35a9b54be713736"),
        }
    }

    fn key() -> PrivateKeySigner {
        PrivateKeySigner::from_bytes(&keccak256("payer")).unwrap()
    }

    fn signed() -> Authorization {
        let transfer = Transfer {
            from: key().address(),
            to: address!("0x70997970c51812dc3a010c7d01b50e0d17dc79c8"),
            value: BaseUnits::new(100),
            valid_after: 0,
            valid_before: 1_893_456_000,
            nonce: b256!("0x4444444444444444444444444444444444444444444444444444444444444444"),
        };
        transfer.sign(&domain(), &key()).unwrap()
    }

    /// The type hash EIP-3009 states.
    #[test]
    fn type_hash() {
        let sample = TransferWithAuthorization {
            from: Address::ZERO,
            to: Address::ZERO,
            value: U256::ZERO,
            validAfter: U256::ZERO,
            validBefore: U256::ZERO,
            nonce: B256::ZERO,
        };
        let expected = b256!("0x7c7c6cdb67a18743f49ec6fa9b35f50d52ed05cbed4cc592e13b44501c1a2267");
        assert_eq!(sample.eip712_type_hash(), expected);
    }

    /// The type hash EIP-3009 states.
    #[test]
    fn type_hash_of_receive() {
        let encoded = ReceiveWithAuthorization::eip712_encode_type();
        let expected = b256!("0xd099cc98ef71107a616c4f0f941f04c322d8e254fe26b3c6668db87aae413de8");
        assert_eq!(keccak256(encoded.as_bytes()), expected);
    }

    #[test]
    fn the_signer_is_recovered() {
        let authorization = signed();
        let digest = digest(&authorization, &domain());
        assert_eq!(recover(&digest, &authorization.signature), Ok(key().address()));
    }

    #[rstest]
    #[case::name(|d: &mut TokenDomain| d.name.push('x'))]
    #[case::version(|d: &mut TokenDomain| d.version.push('x'))]
    #[case::chain(|d: &mut TokenDomain| d.chain_id += 1)]
    #[case::contract(|d: &mut TokenDomain| d.contract = Address::ZERO)]
    fn every_part_of_the_domain_is_signed(#[case] change: fn(&mut TokenDomain)) {
        let authorization = signed();
        let mut other = domain();
        change(&mut other);
        assert_ne!(digest(&authorization, &other), digest(&authorization, &domain()));
    }
}
