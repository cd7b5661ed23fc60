//! What is signed over a channel: the payer's vouchers, and the payee's
//! authorizations to settle and to close (draft-evm-session-00, "Voucher
//! Signing Format" and "Payee-initiated functions").

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::signers::SignerSync as _;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolStruct;

use super::SignedVoucher;
use super::channel::{ChannelId, Escrow};
use crate::amount::BaseUnits;
use crate::sa::request::Withdrawal;
use crate::signature::{self, InvalidSignature};

mod signed {
    alloy::sol! {
        struct Voucher {
            bytes32 channelId;
            uint128 cumulativeAmount;
        }

        struct SettleAuthorization {
            bytes32 channelId;
            uint128 cumulativeAmount;
            uint256 nonce;
            uint256 deadline;
        }

        struct CloseAuthorization {
            bytes32 channelId;
            uint128 cumulativeAmount;
            uint256 nonce;
            uint256 deadline;
        }
    }
}

/// An amount that no channel holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} exceeds 128 bits")]
pub struct TooMuch(pub BaseUnits);

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum NotSigned {
    /// More than any channel holds.
    #[error(transparent)]
    TooMuch(#[from] TooMuch),
    /// The key did not sign; a local one always does.
    #[error(transparent)]
    Key(#[from] alloy::signers::Error),
}

/// Why a voucher is worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVoucher {
    /// More than any channel holds.
    #[error(transparent)]
    TooMuch(#[from] TooMuch),
    /// No signature a contract takes.
    #[error(transparent)]
    Signature(#[from] InvalidSignature),
    /// Somebody else's signature.
    #[error("signed by {0}")]
    Signer(Address),
}

/// What a voucher says, before it is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voucher {
    /// The channel it is drawn on.
    pub channel: ChannelId,
    /// What it allows the payee in all.
    pub cumulative: BaseUnits,
}

impl Voucher {
    /// What is signed.
    ///
    /// # Errors
    /// [`TooMuch`] past 128 bits.
    pub fn digest(&self, escrow: &Escrow) -> Result<B256, TooMuch> {
        let voucher = signed::Voucher {
            channelId: self.channel.0,
            cumulativeAmount: narrow(self.cumulative)?,
        };
        Ok(voucher.eip712_signing_hash(&escrow.eip712()))
    }

    /// Signs with `key`, which need not be the channel's.
    ///
    /// # Errors
    /// [`NotSigned`] past 128 bits.
    pub fn sign(
        &self,
        escrow: &Escrow,
        key: &PrivateKeySigner,
    ) -> Result<SignedVoucher, NotSigned> {
        Ok(SignedVoucher {
            channel_id: self.channel,
            cumulative_amount: self.cumulative,
            signature: sign(self.digest(escrow)?, key)?,
        })
    }
}

impl SignedVoucher {
    /// Verifies that `signer` signed it.
    ///
    /// # Errors
    /// [`InvalidVoucher`].
    pub fn verify(&self, escrow: &Escrow, signer: Address) -> Result<(), InvalidVoucher> {
        let voucher = Voucher { channel: self.channel_id, cumulative: self.cumulative_amount };
        match signature::recover(&voucher.digest(escrow)?, &self.signature)? {
            found if found == signer => Ok(()),
            found => Err(InvalidVoucher::Signer(found)),
        }
    }
}

/// The payee's authorization of one relayed call, before it is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayeeAuthorization {
    /// For what.
    pub withdrawal: Withdrawal,
    /// Of which voucher.
    pub voucher: Voucher,
    /// Used once a channel.
    pub nonce: U256,
    /// Unix seconds; the last that it is good for.
    pub deadline: U256,
}

impl PayeeAuthorization {
    /// What is signed.
    ///
    /// # Errors
    /// [`TooMuch`] past 128 bits.
    pub fn digest(&self, escrow: &Escrow) -> Result<B256, TooMuch> {
        let channel_id = self.voucher.channel.0;
        let amount = narrow(self.voucher.cumulative)?;
        let (nonce, deadline) = (self.nonce, self.deadline);
        Ok(match self.withdrawal {
            Withdrawal::Settle => signing_hash(
                &signed::SettleAuthorization {
                    channelId: channel_id,
                    cumulativeAmount: amount,
                    nonce,
                    deadline,
                },
                escrow,
            ),
            Withdrawal::Close => signing_hash(
                &signed::CloseAuthorization {
                    channelId: channel_id,
                    cumulativeAmount: amount,
                    nonce,
                    deadline,
                },
                escrow,
            ),
        })
    }

    /// Signs with the payee's key.
    ///
    /// # Errors
    /// [`NotSigned`] past 128 bits.
    pub fn sign(&self, escrow: &Escrow, key: &PrivateKeySigner) -> Result<Bytes, NotSigned> {
        Ok(sign(self.digest(escrow)?, key)?)
    }
}

fn signing_hash(message: &impl SolStruct, escrow: &Escrow) -> B256 {
    message.eip712_signing_hash(&escrow.eip712())
}

fn narrow(amount: BaseUnits) -> Result<u128, TooMuch> {
    amount.0.try_into().map_err(|_| TooMuch(amount))
}

fn sign(digest: B256, key: &PrivateKeySigner) -> Result<Bytes, alloy::signers::Error> {
    Ok(Bytes::copy_from_slice(&key.sign_hash_sync(&digest)?.as_bytes()))
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{B256, address, keccak256};
    use rstest::rstest;

    use super::*;

    const ESCROW: Escrow =
        Escrow { contract: address!("0x5e550002e64faf79b41d89fe8439eeb1be66ce3b"), chain_id: 196 };

    fn key() -> PrivateKeySigner {
        PrivateKeySigner::from_bytes(&keccak256("payer")).unwrap()
    }

    fn voucher() -> Voucher {
        Voucher { channel: ChannelId(B256::repeat_byte(0xc1)), cumulative: BaseUnits::new(250) }
    }

    #[test]
    fn a_voucher_is_its_signers() {
        let signed = voucher().sign(&ESCROW, &key()).unwrap();
        assert_eq!(signed.verify(&ESCROW, key().address()), Ok(()));
        let stranger = address!("0x70997970c51812dc3a010c7d01b50e0d17dc79c8");
        assert_eq!(signed.verify(&ESCROW, stranger), Err(InvalidVoucher::Signer(key().address())));
    }

    #[rstest]
    #[case::amount(|v: &mut SignedVoucher, _: &mut Escrow| v.cumulative_amount = BaseUnits::new(251))]
    #[case::channel(|v: &mut SignedVoucher, _: &mut Escrow| v.channel_id.0 = B256::ZERO)]
    #[case::chain(|_: &mut SignedVoucher, e: &mut Escrow| e.chain_id += 1)]
    #[case::contract(|_: &mut SignedVoucher, e: &mut Escrow| e.contract = Address::ZERO)]
    fn everything_is_signed(#[case] change: fn(&mut SignedVoucher, &mut Escrow)) {
        let mut signed = voucher().sign(&ESCROW, &key()).unwrap();
        let mut escrow = ESCROW;
        change(&mut signed, &mut escrow);
        assert!(signed.verify(&escrow, key().address()).is_err());
    }

    #[test]
    fn no_voucher_exceeds_128_bits() {
        let past = BaseUnits(U256::from(u128::MAX) + U256::from(1));
        let voucher = Voucher { cumulative: past, ..voucher() };
        assert_eq!(voucher.digest(&ESCROW), Err(TooMuch(past)));
    }

    #[test]
    fn settling_is_not_closing() {
        let authorization = |withdrawal| PayeeAuthorization {
            withdrawal,
            voucher: voucher(),
            nonce: U256::from(1),
            deadline: U256::MAX,
        };
        assert_ne!(
            authorization(Withdrawal::Settle).digest(&ESCROW),
            authorization(Withdrawal::Close).digest(&ESCROW)
        );
    }
}
