//! Channels as the escrow records them, and why it refuses.

use alloy::primitives::{Address, Bytes};
use alloy::sol_types::SolError;
use alloy::transports::TransportError;
use conform402_wire::BaseUnits;

use crate::contracts::Channels;

/// A channel that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Whether it has ended.
    pub finalized: bool,
    /// Unix seconds; `None` while the payer has not asked to leave.
    pub close_requested_at: Option<u64>,
    /// Who deposited.
    pub payer: Address,
    /// Who is paid.
    pub payee: Address,
    /// What is deposited.
    pub token: Address,
    /// Who signs vouchers; zero is the payer.
    pub authorized_signer: Address,
    /// All that was deposited.
    pub deposit: BaseUnits,
    /// All that was paid out to the payee and the split recipients.
    pub settled: BaseUnits,
}

impl Channel {
    pub(crate) fn of(record: Channels::Channel) -> Option<Self> {
        (!record.payer.is_zero()).then(|| Self {
            finalized: record.finalized,
            close_requested_at: Some(record.closeRequestedAt).filter(|at| *at != 0),
            payer: record.payer,
            payee: record.payee,
            token: record.token,
            authorized_signer: record.authorizedSigner,
            deposit: BaseUnits::from(record.deposit),
            settled: BaseUnits::from(record.settled),
        })
    }

    /// What the escrow holds for it.
    #[must_use]
    pub fn held(&self) -> BaseUnits {
        let held = self.deposit.checked_sub(self.settled).unwrap_or_default();
        if self.finalized { BaseUnits::default() } else { held }
    }
}

/// The code of a JSON-RPC error that says a call reverted.
const REVERTED: i64 = 3;

/// Why a call reverts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Revert {
    text: String,
    data: Bytes,
}

impl Revert {
    /// The refusal inside an error; `None` where the chain did not answer, or
    /// could not tell what the call would do.
    pub(crate) fn of(error: &TransportError) -> Option<Self> {
        let refusal = error.as_error_resp()?;
        let data = refusal.as_revert_data();
        let reverts = data.is_some() || refusal.code == REVERTED;
        reverts.then(|| Self { text: refusal.to_string(), data: data.unwrap_or_default() })
    }

    /// Whether it is this error of a contract.
    #[must_use]
    pub fn is<E: SolError>(&self) -> bool {
        self.data.starts_with(&E::SELECTOR)
    }
}

#[cfg(test)]
mod tests {
    use alloy::sol_types::SolError as _;
    use alloy::transports::RpcError;
    use rstest::rstest;

    use super::*;
    use crate::EscrowContract::ChannelNotFound;

    #[rstest]
    #[case::with_data(r#"{"code": 3, "message": "execution reverted", "data": "0xDATA"}"#, true)]
    #[case::with_data_of_another_code(
        r#"{"code": -32000, "message": "execution reverted", "data": "0xDATA"}"#,
        true
    )]
    #[case::without_data(r#"{"code": 3, "message": "execution reverted"}"#, true)]
    #[case::sick(r#"{"code": -32603, "message": "internal error"}"#, false)]
    #[case::sick_with_data(r#"{"code": -32603, "message": "internal error", "data": "0x"}"#, false)]
    #[case::out_of_gas(r#"{"code": -32003, "message": "EVM error: OutOfGas"}"#, false)]
    fn a_revert_is_told_from_a_sick_chain(#[case] error: &str, #[case] reverts: bool) {
        let error = error.replace("DATA", &alloy::hex::encode(ChannelNotFound::SELECTOR));
        let revert = Revert::of(&RpcError::ErrorResp(serde_json::from_str(&error).unwrap()));
        assert_eq!(revert.is_some(), reverts);
        let named = revert.is_some_and(|revert| revert.is::<ChannelNotFound>());
        assert_eq!(named, error.contains("data") && reverts);
    }
}
