//! Channels: their ids, and the nonces that bind a deposit to them (seed 002,
//! "EIP-712 Helpers"; draft-evm-session-00, "Channel State" and "Front-Running
//! Protection").

use std::fmt;

use alloy::primitives::{Address, B256, U256, keccak256};
use alloy::sol_types::{Eip712Domain, SolValue as _, eip712_domain};
use serde::{Deserialize, Serialize};

use super::Share;
use crate::amount::BaseUnits;

/// Names a channel of one escrow on one chain.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ChannelId(pub B256);

impl fmt::Display for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An escrow contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Escrow {
    /// The contract.
    pub contract: Address,
    /// EIP-155 chain id.
    pub chain_id: u64,
}

impl Escrow {
    /// The domain of everything signed over its channels.
    #[must_use]
    pub const fn eip712(&self) -> Eip712Domain {
        eip712_domain! {
            name: "EVM Payment Channel",
            version: "1",
            chain_id: self.chain_id,
            verifying_contract: self.contract,
        }
    }
}

/// What a payer agrees to. The same terms are never opened twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Who deposits.
    pub payer: Address,
    /// Who is paid.
    pub payee: Address,
    /// What is deposited.
    pub token: Address,
    /// Makes the channel one of many between the same two.
    pub salt: B256,
    /// Who signs vouchers; zero is the payer.
    pub authorized_signer: Address,
}

impl Terms {
    /// The id of the channel with these terms.
    #[must_use]
    pub fn channel_id(&self, escrow: &Escrow) -> ChannelId {
        let encoded = (
            self.payer,
            self.payee,
            self.token,
            self.salt,
            self.authorized_signer,
            escrow.contract,
            U256::from(escrow.chain_id),
        )
            .abi_encode_params();
        ChannelId(keccak256(encoded))
    }

    /// The EIP-3009 nonce of its opening in OKX's dialect, which binds the
    /// splits also where there are none.
    #[must_use]
    pub fn open_nonce(&self, splits: &[Share]) -> B256 {
        let recipients: Vec<Address> = splits.iter().map(|split| split.recipient).collect();
        let bps: Vec<u16> = splits.iter().map(|split| split.bps).collect();
        let encoded = (
            self.payer,
            self.payee,
            self.token,
            self.salt,
            self.authorized_signer,
            recipients,
            bps,
        )
            .abi_encode_params();
        keccak256(encoded)
    }

    /// The EIP-3009 nonce of its opening as the draft derives it, which knows no
    /// splits.
    #[must_use]
    pub fn drafted_open_nonce(&self) -> B256 {
        let encoded = (self.payer, self.payee, self.token, self.salt, self.authorized_signer);
        keccak256(encoded.abi_encode_params())
    }

    /// Who signs vouchers.
    #[must_use]
    pub fn signer(&self) -> Address {
        if self.authorized_signer.is_zero() { self.payer } else { self.authorized_signer }
    }
}

/// The EIP-3009 nonce of a top-up.
#[must_use]
pub fn top_up_nonce(
    channel: ChannelId,
    additional_deposit: BaseUnits,
    from: Address,
    top_up_salt: B256,
) -> B256 {
    keccak256((channel.0, additional_deposit.0, from, top_up_salt).abi_encode_params())
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{address, b256};

    use super::*;

    /// The values others computed (WIRE.md, 2.4).
    fn terms() -> Terms {
        Terms {
            payer: address!("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"),
            payee: address!("0x70997970c51812dc3a010c7d01b50e0d17dc79c8"),
            token: address!("0x779ded0c9e1022225f8e0630b35a9b54be713736"),
            salt: b256!("0x1111111111111111111111111111111111111111111111111111111111111111"),
            authorized_signer: Address::ZERO,
        }
    }

    const ESCROW: Escrow =
        Escrow { contract: address!("0x5e550002e64faf79b41d89fe8439eeb1be66ce3b"), chain_id: 196 };

    fn abbreviated(word: B256) -> String {
        let text = word.to_string();
        format!("{}…{}", &text[..10], &text[62..])
    }

    #[test]
    fn ids_and_nonces_are_those_others_compute() {
        let terms = terms();
        assert_eq!(abbreviated(terms.channel_id(&ESCROW).0), "0x6561c26c…0c82");
        let named = Terms { authorized_signer: terms.payer, ..terms };
        assert_eq!(abbreviated(named.channel_id(&ESCROW).0), "0x6a221d5b…dd11");
        assert_eq!(abbreviated(terms.open_nonce(&[])), "0x4fdb9167…ccc6");
        assert_eq!(abbreviated(terms.drafted_open_nonce()), "0x01bc97f6…965d");
    }

    #[test]
    fn whoever_is_named_signs() {
        assert_eq!(terms().signer(), terms().payer);
        let delegate = address!("0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc");
        assert_eq!(Terms { authorized_signer: delegate, ..terms() }.signer(), delegate);
    }
}
