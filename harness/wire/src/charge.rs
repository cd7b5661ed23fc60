//! The charge intent of `method="evm"`, in the dialect of the OKX SDKs
//! (seed 002, "Charge - One-shot Payment"; seed 000, "Charge — ChargeIntent").

use alloy::primitives::{Address, B256, Bytes, TxHash};
use serde::{Deserialize, Serialize};

use crate::amount::BaseUnits;

/// The payment method.
pub const METHOD: &str = "evm";

/// The intent.
pub const INTENT: &str = "charge";

/// "total split amount must be strictly less than `amount` …, max 10 splits"
/// (seed 002, "Splits").
pub const MAX_SPLITS: usize = 10;

/// The decoded `request` of a charge challenge. Unknown members are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChargeRequest {
    /// What the payer pays in all, splits included.
    pub amount: BaseUnits,
    /// ERC-20 contract.
    pub currency: Address,
    /// Receives `amount` less all splits.
    pub recipient: Address,
    /// For display.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The merchant's order id, echoed on the receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// What only `evm` needs.
    pub method_details: MethodDetails,
}

/// `methodDetails` of an EVM charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodDetails {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Whether the server pays gas; then the payer must not broadcast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee_payer: Option<bool>,
    /// Shares of `amount` for others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub splits: Vec<Split>,
}

/// One share of a charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Above zero.
    pub amount: BaseUnits,
    /// Who receives it.
    pub recipient: Address,
    /// For the merchant's books.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
}

/// Why a list of splits cannot be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSplits {
    /// The recipient would get nothing.
    #[error("splits leave the recipient less than one base unit")]
    SumReachesAmount,
    /// More than [`MAX_SPLITS`].
    #[error("more than {MAX_SPLITS} splits")]
    TooMany,
    /// A share of nothing.
    #[error("a split of zero")]
    Zero,
}

impl ChargeRequest {
    /// What the recipient itself gets: `amount` less all splits.
    ///
    /// # Errors
    /// [`InvalidSplits`] where the splits break the rules of the seed.
    pub fn primary_amount(&self) -> Result<BaseUnits, InvalidSplits> {
        let splits = &self.method_details.splits;
        if splits.len() > MAX_SPLITS {
            return Err(InvalidSplits::TooMany);
        }
        if splits.iter().any(|split| split.amount == BaseUnits::default()) {
            return Err(InvalidSplits::Zero);
        }
        splits
            .iter()
            .try_fold(self.amount, |left, split| left.checked_sub(split.amount))
            .filter(|left| *left > BaseUnits::default())
            .ok_or(InvalidSplits::SumReachesAmount)
    }
}

/// The payload of a charge credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[expect(clippy::large_enum_variant, reason = "one a request, and short-lived")]
pub enum ChargePayload {
    /// A signed authorization that the facilitator broadcasts.
    Transaction {
        /// The transfer to the recipient, and those of the splits.
        authorization: Authorization,
    },
    /// The hash of a transfer the payer broadcast itself.
    Hash {
        /// Transaction hash.
        hash: TxHash,
    },
}

/// A signed EIP-3009 `TransferWithAuthorization`; numbers travel as decimal
/// strings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authorization {
    /// Always `eip-3009`; split objects of some buyers omit it.
    #[serde(rename = "type", default = "eip_3009")]
    pub kind: String,
    /// Payer.
    pub from: Address,
    /// Payee.
    pub to: Address,
    /// Amount.
    pub value: BaseUnits,
    /// Unix seconds; valid strictly after.
    pub valid_after: BaseUnits,
    /// Unix seconds; valid strictly before.
    pub valid_before: BaseUnits,
    /// Random, used once per payer.
    pub nonce: B256,
    /// 65 bytes, `r ‖ s ‖ v`.
    pub signature: Bytes,
    /// One authorization for each split, in the challenge's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub splits: Vec<Authorization>,
}

fn eip_3009() -> String {
    "eip-3009".to_owned()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn request(amount: u64, splits: &[u64]) -> ChargeRequest {
        ChargeRequest {
            amount: BaseUnits::new(amount),
            currency: Address::ZERO,
            recipient: Address::ZERO,
            description: None,
            external_id: None,
            method_details: MethodDetails {
                chain_id: 196,
                fee_payer: None,
                splits: splits
                    .iter()
                    .map(|units| Split {
                        amount: BaseUnits::new(*units),
                        recipient: Address::ZERO,
                        memo: None,
                    })
                    .collect(),
            },
        }
    }

    #[rstest]
    #[case(100, &[], Ok(100))]
    #[case(100, &[30, 20], Ok(50))]
    #[case(100, &[99], Ok(1))]
    #[case(100, &[100], Err(InvalidSplits::SumReachesAmount))]
    #[case(100, &[60, 60], Err(InvalidSplits::SumReachesAmount))]
    #[case(100, &[0], Err(InvalidSplits::Zero))]
    #[case(100, &[1; 10], Ok(90))]
    #[case(100, &[1; 11], Err(InvalidSplits::TooMany))]
    fn what_splits_leave(
        #[case] amount: u64,
        #[case] splits: &[u64],
        #[case] expected: Result<u64, InvalidSplits>,
    ) {
        assert_eq!(request(amount, splits).primary_amount(), expected.map(BaseUnits::new));
    }
}
