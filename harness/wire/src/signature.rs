//! ECDSA signatures as contracts take them: 65 bytes, `v` of 27 or 28, low `s`.

use alloy::primitives::{Address, B256, Bytes, Signature, U256, uint};

/// Order of the group of secp256k1 (SEC 2, section 2.4.1).
pub const ORDER: U256 =
    uint!(0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141_U256);

/// Why bytes are no signature a token accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSignature {
    /// Not `r ‖ s ‖ v`.
    #[error("{0} bytes instead of 65")]
    Length(usize),
    /// Neither 27 nor 28.
    #[error("v is {0}, neither 27 nor 28")]
    Parity(u8),
    /// `r` or `s` is zero, or not below the group's order.
    #[error("r or s is no scalar of the curve")]
    Scalar,
    /// The malleable twin of a signature.
    #[error("s is in the upper half of the curve order")]
    HighS,
    /// No point of the curve has `r` as its x.
    #[error("no point on the curve")]
    NoPoint,
}

/// Who signed `digest`. alloy alone would accept a high `s` and any parity; a
/// token does not, so they are refused first.
///
/// # Errors
/// [`InvalidSignature`].
pub fn recover(digest: &B256, signature: &[u8]) -> Result<Address, InvalidSignature> {
    let rs_v: &[u8; 65] =
        signature.try_into().map_err(|_| InvalidSignature::Length(signature.len()))?;
    let (rs, v) = (&rs_v[..64], rs_v[64]);
    if !matches!(v, 27 | 28) {
        return Err(InvalidSignature::Parity(v));
    }
    let signature = Signature::from_bytes_and_parity(rs, v == 28);
    let is_scalar = |value: U256| !value.is_zero() && value < ORDER;
    if !is_scalar(signature.r()) || !is_scalar(signature.s()) {
        return Err(InvalidSignature::Scalar);
    }
    if signature.normalize_s().is_some() {
        return Err(InvalidSignature::HighS);
    }
    signature.recover_address_from_prehash(digest).map_err(|_| InvalidSignature::NoPoint)
}

/// The same signature with `s` moved to the upper half, which recovers to the
/// same signer under bare `ecrecover`.
///
/// # Panics
/// If `signature` is not 65 bytes.
#[must_use]
pub fn with_high_s(signature: &Bytes) -> Bytes {
    let mut bytes = signature.to_vec();
    let s = U256::from_be_slice(&bytes[32..64]);
    bytes[32..64].copy_from_slice(&(ORDER - s).to_be_bytes::<32>());
    bytes[64] = 27 + 28 - bytes[64];
    bytes.into()
}

#[cfg(test)]
mod tests {
    use alloy::primitives::keccak256;
    use alloy::signers::SignerSync as _;
    use alloy::signers::local::PrivateKeySigner;
    use rstest::rstest;

    use super::*;

    const DIGEST: B256 = B256::repeat_byte(0x42);

    fn key() -> PrivateKeySigner {
        PrivateKeySigner::from_bytes(&keccak256("payer")).unwrap()
    }

    fn signed() -> Vec<u8> {
        key().sign_hash_sync(&DIGEST).unwrap().as_bytes().to_vec()
    }

    #[test]
    fn the_signer_is_recovered() {
        assert_eq!(recover(&DIGEST, &signed()), Ok(key().address()));
    }

    #[rstest]
    #[case::empty(|s: &mut Vec<u8>| s.clear(), InvalidSignature::Length(0))]
    #[case::short(|s: &mut Vec<u8>| { s.pop(); }, InvalidSignature::Length(64))]
    #[case::long(|s: &mut Vec<u8>| { s.push(27); }, InvalidSignature::Length(66))]
    #[case::v0(|s: &mut Vec<u8>| s[64] = 0, InvalidSignature::Parity(0))]
    #[case::v1(|s: &mut Vec<u8>| s[64] = 1, InvalidSignature::Parity(1))]
    #[case::v26(|s: &mut Vec<u8>| s[64] = 26, InvalidSignature::Parity(26))]
    #[case::v29(|s: &mut Vec<u8>| s[64] = 29, InvalidSignature::Parity(29))]
    #[case::r_zero(|s: &mut Vec<u8>| s[..32].fill(0), InvalidSignature::Scalar)]
    #[case::s_zero(|s: &mut Vec<u8>| s[32..64].fill(0), InvalidSignature::Scalar)]
    #[case::r_order(|s: &mut Vec<u8>| s[..32].copy_from_slice(&ORDER.to_be_bytes::<32>()), InvalidSignature::Scalar)]
    #[case::high_s(|s: &mut Vec<u8>| *s = with_high_s(&s.clone().into()).to_vec(), InvalidSignature::HighS)]
    fn refuses(#[case] change: fn(&mut Vec<u8>), #[case] expected: InvalidSignature) {
        let mut signature = signed();
        change(&mut signature);
        assert_eq!(recover(&DIGEST, &signature), Err(expected));
    }
}
