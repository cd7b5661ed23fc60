//! Names of networks (CAIP-2).

use std::fmt;

/// A network: a namespace, and the network's name there, as `eip155:196`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network<'a> {
    /// What the reference is read by, such as `eip155` or `solana`.
    pub namespace: &'a str,
    /// The network in this namespace; for `eip155` the chain id in decimal.
    pub reference: &'a str,
}

/// Why a text names no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotNetwork {
    /// No colon, as in the names of x402 v1.
    #[error("no namespace")]
    NoNamespace,
    /// Not 3 to 8 of `-`, `a` to `z`, and digits.
    #[error("a namespace is 3 to 8 lower-case letters, digits or hyphens")]
    Namespace,
    /// Not 1 to 32 of `-`, `_`, letters and digits.
    #[error("a reference is 1 to 32 letters, digits, hyphens or underscores")]
    Reference,
    /// An `eip155` reference that is no decimal number.
    #[error("a chain id is a decimal number")]
    ChainId,
}

impl<'a> Network<'a> {
    /// Reads `namespace:reference`.
    ///
    /// # Errors
    /// [`NotNetwork`] names the part that is none.
    pub fn parse(text: &'a str) -> Result<Self, NotNetwork> {
        let (namespace, reference) = text.split_once(':').ok_or(NotNetwork::NoNamespace)?;
        let in_namespace = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if !(3..=8).contains(&namespace.len()) || !namespace.bytes().all(in_namespace) {
            return Err(NotNetwork::Namespace);
        }
        let in_reference = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
        if !(1..=32).contains(&reference.len()) || !reference.bytes().all(in_reference) {
            return Err(NotNetwork::Reference);
        }
        if namespace == "eip155" && !reference.bytes().all(|c| c.is_ascii_digit()) {
            return Err(NotNetwork::ChainId);
        }
        Ok(Self { namespace, reference })
    }

    /// The EIP-155 chain id, in decimal.
    #[must_use]
    pub fn chain_id(&self) -> Option<&'a str> {
        (self.namespace == "eip155").then_some(self.reference)
    }
}

impl fmt::Display for Network<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.namespace, self.reference)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    /// The examples of CAIP-2.
    #[rstest]
    #[case("eip155:1")]
    #[case("bip122:000000000019d6689c085ae165831e93")]
    #[case("cosmos:Binance-Chain-Tigris")]
    #[case("starknet:SN_GOERLI")]
    #[case("chainstd:8c3444cf8970a9e41a706fab93e7a6c4")]
    fn reads(#[case] text: &str) {
        assert_eq!(Network::parse(text).unwrap().to_string(), text);
    }

    #[rstest]
    #[case("base-sepolia", NotNetwork::NoNamespace)]
    #[case("EIP155:1", NotNetwork::Namespace)]
    #[case(":1", NotNetwork::Namespace)]
    #[case("eip155:", NotNetwork::Reference)]
    #[case("eip155:1:2", NotNetwork::Reference)]
    #[case("eip155:0x1", NotNetwork::ChainId)]
    fn refuses(#[case] text: &str, #[case] reason: NotNetwork) {
        assert_eq!(Network::parse(text), Err(reason));
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = Network::parse(&text);
        }
    }
}
