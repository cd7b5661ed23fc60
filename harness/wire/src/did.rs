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
#[error("{0:?} is not did:pkh:eip155:<chain>:<address>")]
pub struct NotDidPkh(pub String);

impl FromStr for DidPkh {
    type Err = NotDidPkh;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || NotDidPkh(text.to_owned());
        let rest = text.strip_prefix("did:pkh:eip155:").ok_or_else(refuse)?;
        let (chain, address) = rest.split_once(':').ok_or_else(refuse)?;
        let canonical = !chain.starts_with('0') && chain.bytes().all(|c| c.is_ascii_digit());
        if !canonical || !address.starts_with("0x") {
            return Err(refuse());
        }
        Ok(Self {
            chain_id: chain.parse().map_err(|_| refuse())?,
            address: address.parse().map_err(|_| refuse())?,
        })
    }
}

impl fmt::Display for DidPkh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "did:pkh:eip155:{}:{}", self.chain_id, self.address)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn round_trips() {
        let text = "did:pkh:eip155:196:0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
        assert_eq!(text.parse::<DidPkh>().unwrap().to_string(), text);
    }

    #[rstest]
    #[case("")]
    #[case("did:pkh:eip155:0196:0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")]
    #[case("did:pkh:eip155:196:f39Fd6e51aad88F6F4ce6aB8827279cffFb92266")]
    #[case("did:pkh:eip155:+1:0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")]
    #[case("did:pkh:solana:196:0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")]
    fn refuses_other_text(#[case] text: &str) {
        assert!(text.parse::<DidPkh>().is_err());
    }
}
