//! Payer identifiers.

use std::fmt;
use std::str::FromStr;

use alloy::primitives::Address;

/// `did:pkh:eip155:<chain>:<address>`, the payer of an EVM credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DidPkh {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Account on that chain.
    pub address: Address,
}

/// Text that is no `did:pkh` of an EVM account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not did:pkh:eip155:<chain>:<address>: {cause}")]
pub struct NotDidPkh {
    /// The text.
    pub text: String,
    /// The first part that is wrong.
    pub cause: NoPayer,
}

/// A part of a text that is no `did:pkh` of an EVM account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPayer {
    /// Not `did:pkh`.
    #[error("another method")]
    Method,
    /// Not `eip155`.
    #[error("another namespace")]
    Namespace,
    /// Not a chain id in decimal, without sign and leading zeros.
    #[error("no chain id")]
    Chain,
    /// Not `0x` and 40 hexadecimal digits up to the end.
    #[error("no address")]
    Address,
}

impl FromStr for DidPkh {
    type Err = NotDidPkh;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).map_err(|cause| NotDidPkh { text: text.to_owned(), cause })
    }
}

fn read(text: &str) -> Result<DidPkh, NoPayer> {
    let rest = text.strip_prefix("did:pkh:").ok_or(NoPayer::Method)?;
    let rest = rest.strip_prefix("eip155:").ok_or(NoPayer::Namespace)?;
    let (chain, address) = rest.split_once(':').ok_or(NoPayer::Address)?;
    if chain.starts_with('0') || !chain.bytes().all(|c| c.is_ascii_digit()) {
        return Err(NoPayer::Chain);
    }
    let digits = address.strip_prefix("0x").ok_or(NoPayer::Address)?;
    if digits.len() != 40 || !digits.bytes().all(|c| c.is_ascii_hexdigit()) {
        return Err(NoPayer::Address);
    }
    Ok(DidPkh {
        chain_id: chain.parse().map_err(|_| NoPayer::Chain)?,
        address: address.parse().map_err(|_| NoPayer::Address)?,
    })
}

impl fmt::Display for DidPkh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "did:pkh:eip155:{}:{}", self.chain_id, self.address)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn round_trips() {
        let text = "did:pkh:eip155:196:0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
        assert_eq!(text.parse::<DidPkh>().unwrap().to_string(), text);
    }

    const ADDRESS: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

    #[rstest]
    #[case("", NoPayer::Method)]
    #[case("did:key:z6Mk", NoPayer::Method)]
    #[case("did:pkh:solana:196:ADDRESS", NoPayer::Namespace)]
    #[case("did:pkh:eip155:ADDRESS", NoPayer::Address)]
    #[case("did:pkh:eip155::ADDRESS", NoPayer::Chain)]
    #[case("did:pkh:eip155:0196:ADDRESS", NoPayer::Chain)]
    #[case("did:pkh:eip155:+1:ADDRESS", NoPayer::Chain)]
    #[case("did:pkh:eip155:18446744073709551616:ADDRESS", NoPayer::Chain)]
    #[case("did:pkh:eip155:196:0xADDRESS", NoPayer::Address)]
    #[case("did:pkh:eip155:196:ADDRESS:", NoPayer::Address)]
    #[case("did:pkh:eip155:196:f39Fd6e51aad88F6F4ce6aB8827279cffFb92266", NoPayer::Address)]
    fn refuses_other_text(#[case] text: &str, #[case] cause: NoPayer) {
        let text = text.replace("ADDRESS", ADDRESS);
        assert_eq!(text.parse::<DidPkh>(), Err(NotDidPkh { text, cause }));
    }

    proptest! {
        #[test]
        fn never_panics(text in "(did:pkh:eip155:)?\\PC*") {
            let _ = text.parse::<DidPkh>();
        }

        #[test]
        fn what_is_written_is_read(chain_id in 1..=u64::MAX, address in any::<[u8; 20]>()) {
            let payer = DidPkh { chain_id, address: address.into() };
            prop_assert_eq!(payer.to_string().parse(), Ok(payer));
        }
    }
}
