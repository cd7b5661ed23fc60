//! The session intent as the draft has it (draft-evm-session-00, "Credential
//! Schema" and "Receipt Generation"): the seller settles by itself, deposits
//! have three forms, and a voucher may bring one along.

use alloy::primitives::{Address, B256, Bytes, TxHash};
use alloy::signers::SignerSync as _;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::{SolStruct, eip712_domain};
use serde::{Deserialize, Serialize};

use super::SignedVoucher;
use super::channel::ChannelId;
use crate::amount::BaseUnits;
use crate::eip3009::Receive;

/// How a deposit is funded: `payload.type`, and what a challenge lists in
/// `methodDetails.credentialTypes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CredentialType {
    /// By a Permit2 signature that the seller broadcasts.
    Permit2,
    /// By an EIP-3009 signature that the seller broadcasts.
    Authorization,
    /// By a transaction the payer broadcast itself.
    Hash,
}

/// The payload of a session credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase")]
pub enum SessionPayload {
    /// Opens a channel.
    Open(Opening),
    /// Adds to a channel's deposit.
    TopUp(TopUp),
    /// Allows more, and buys.
    Voucher(VoucherUpdate),
    /// Ends the channel.
    Close(SignedVoucher),
}

/// A channel that is to be opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Opening {
    /// Its id, which the terms yield too.
    pub channel_id: ChannelId,
    /// Makes it one of many between the same two.
    pub salt: B256,
    /// Who signs vouchers; absent is the payer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorized_signer: Option<Address>,
    /// What the first voucher allows, mostly nothing.
    pub cumulative_amount: BaseUnits,
    /// The first voucher where the seller broadcasts. Where the payer did, it
    /// stands in `signature`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher_signature: Option<Bytes>,
    /// The money.
    #[serde(flatten)]
    pub funding: Funding<OpenWitness>,
}

impl Opening {
    /// The first voucher's signature, wherever it stands.
    #[must_use]
    pub const fn first_signature(&self) -> Option<&Bytes> {
        match &self.funding {
            Funding::Hash { signature, .. } => signature.as_ref(),
            _ => self.voucher_signature.as_ref(),
        }
    }
}

/// More money for a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TopUp {
    /// Which.
    pub channel_id: ChannelId,
    /// Makes the nonce of an EIP-3009 authorization one of many; only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<B256>,
    /// How much.
    pub additional_deposit: BaseUnits,
    /// The money.
    #[serde(flatten)]
    pub funding: Funding<TopUpWitness>,
}

/// A voucher, and the deposit it may bring along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoucherUpdate {
    /// The voucher.
    #[serde(flatten)]
    pub voucher: SignedVoucher,
    /// Made before the voucher is judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposit: Option<MergedDeposit>,
}

/// A deposit inside a voucher's payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum MergedDeposit {
    /// Opens the channel the voucher is drawn on.
    Open {
        /// As in [`Opening`].
        salt: B256,
        /// As in [`Opening`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        authorized_signer: Option<Address>,
        /// The money; never by hash.
        #[serde(flatten)]
        funding: Funding<OpenWitness>,
    },
    /// Adds to it.
    TopUp {
        /// As in [`TopUp`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        salt: Option<B256>,
        /// The money; never by hash.
        #[serde(flatten)]
        funding: Funding<TopUpWitness>,
    },
}

/// How money gets into escrow. `W` is what a Permit2 signature binds besides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Funding<W> {
    /// By an EIP-3009 authorization to the escrow.
    Authorization {
        /// What was signed.
        authorization: Authorization,
        /// 65 bytes, `r ‖ s ‖ v`.
        signature: Bytes,
    },
    /// By Permit2.
    Permit2 {
        /// What was signed.
        authorization: Permit<W>,
        /// 65 bytes, `r ‖ s ‖ v`.
        signature: Bytes,
    },
    /// By a transaction the payer broadcast itself.
    Hash {
        /// Transaction hash.
        hash: TxHash,
        /// The first voucher, in an opening.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<Bytes>,
    },
}

/// An EIP-3009 `ReceiveWithAuthorization`, with exactly the members it signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authorization {
    /// Payer.
    pub from: Address,
    /// The escrow.
    pub to: Address,
    /// The deposit.
    pub value: BaseUnits,
    /// Unix seconds; valid strictly after.
    pub valid_after: BaseUnits,
    /// Unix seconds; valid strictly before.
    pub valid_before: BaseUnits,
    /// Derived from the channel.
    pub nonce: B256,
}

impl From<&Receive> for Authorization {
    fn from(receive: &Receive) -> Self {
        Self {
            from: receive.from,
            to: receive.to,
            value: receive.value,
            valid_after: receive.valid_after,
            valid_before: receive.valid_before,
            nonce: receive.nonce,
        }
    }
}

/// What a Permit2 signature covers, but for the spender: that is always the
/// escrow, which Permit2 sees for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permit<W> {
    /// Payer.
    pub from: Address,
    /// What is deposited.
    pub permitted: TokenPermissions,
    /// Any the payer has not used.
    pub nonce: BaseUnits,
    /// Unix seconds; the last that it is good for.
    pub deadline: BaseUnits,
    /// The channel.
    pub witness: W,
}

/// A token and how much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenPermissions {
    /// ERC-20 contract.
    pub token: Address,
    /// Base units.
    pub amount: BaseUnits,
}

/// What an opening by Permit2 binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenWitness {
    /// Who is paid.
    pub payee: Address,
    /// As in the opening.
    pub salt: B256,
    /// As in the opening; zero where it is absent there.
    pub authorized_signer: Address,
}

/// What a top-up by Permit2 binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TopUpWitness {
    /// The channel.
    pub channel_id: ChannelId,
}

mod opening {
    alloy::sol! {
        struct TokenPermissions { address token; uint256 amount; }
        struct ChannelOpenWitness { address payee; bytes32 salt; address authorizedSigner; }
        struct PermitWitnessTransferFrom {
            TokenPermissions permitted;
            address spender;
            uint256 nonce;
            uint256 deadline;
            ChannelOpenWitness witness;
        }
    }
}

mod topping_up {
    alloy::sol! {
        struct TokenPermissions { address token; uint256 amount; }
        struct ChannelTopUpWitness { bytes32 channelId; }
        struct PermitWitnessTransferFrom {
            TokenPermissions permitted;
            address spender;
            uint256 nonce;
            uint256 deadline;
            ChannelTopUpWitness witness;
        }
    }
}

/// Where a Permit2 signature is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PermitDomain {
    /// The Permit2 contract.
    pub permit2: Address,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Who may spend: the escrow.
    pub spender: Address,
}

/// A witness that Permit2 is told of.
pub trait Witness: Sized {
    /// The EIP-712 digest of a permit with it.
    fn digest(permit: &Permit<Self>, domain: &PermitDomain) -> B256;
}

impl Witness for OpenWitness {
    fn digest(permit: &Permit<Self>, domain: &PermitDomain) -> B256 {
        let Permit { permitted, nonce, deadline, witness, .. } = permit;
        domain.signing_hash(&opening::PermitWitnessTransferFrom {
            permitted: opening::TokenPermissions {
                token: permitted.token,
                amount: permitted.amount.0,
            },
            spender: domain.spender,
            nonce: nonce.0,
            deadline: deadline.0,
            witness: opening::ChannelOpenWitness {
                payee: witness.payee,
                salt: witness.salt,
                authorizedSigner: witness.authorized_signer,
            },
        })
    }
}

impl Witness for TopUpWitness {
    fn digest(permit: &Permit<Self>, domain: &PermitDomain) -> B256 {
        let Permit { permitted, nonce, deadline, witness, .. } = permit;
        domain.signing_hash(&topping_up::PermitWitnessTransferFrom {
            permitted: topping_up::TokenPermissions {
                token: permitted.token,
                amount: permitted.amount.0,
            },
            spender: domain.spender,
            nonce: nonce.0,
            deadline: deadline.0,
            witness: topping_up::ChannelTopUpWitness { channelId: witness.channel_id.0 },
        })
    }
}

impl PermitDomain {
    fn signing_hash(&self, permit: &impl SolStruct) -> B256 {
        permit.eip712_signing_hash(&eip712_domain! {
            name: "Permit2",
            chain_id: self.chain_id,
            verifying_contract: self.permit2,
        })
    }
}

impl<W: Witness> Permit<W> {
    /// Signs with `key`, which need not be that of `from`.
    ///
    /// # Errors
    /// Those of the signer; a local key has none.
    pub fn sign(
        &self,
        domain: &PermitDomain,
        key: &PrivateKeySigner,
    ) -> Result<Bytes, alloy::signers::Error> {
        let signature = key.sign_hash_sync(&W::digest(self, domain))?;
        Ok(Bytes::copy_from_slice(&signature.as_bytes()))
    }
}

/// What a seller acknowledges whenever it was paid, or did something with a
/// channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionReceipt {
    /// `evm`.
    pub method: String,
    /// `session`.
    pub intent: String,
    /// Always `success`.
    pub status: String,
    /// RFC 3339.
    pub timestamp: String,
    /// The channel's id.
    pub reference: String,
    /// The challenge that was answered.
    pub challenge_id: String,
    /// The channel.
    pub channel_id: ChannelId,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The highest voucher.
    pub accepted_cumulative: BaseUnits,
    /// What was charged in all.
    pub spent: BaseUnits,
    /// Units of this request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<u64>,
    /// The transaction that settled, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tx_hash: Option<TxHash>,
}

/// The server-sent event that asks for a voucher.
pub const NEED_VOUCHER: &str = "payment-need-voucher";

/// The server-sent event that ends a paid stream.
pub const RECEIPT: &str = "payment-receipt";

/// What a stream needs to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NeedVoucher {
    /// The channel.
    pub channel_id: ChannelId,
    /// What the next voucher must allow at least.
    pub required_cumulative: BaseUnits,
    /// What the highest allows.
    pub accepted_cumulative: BaseUnits,
    /// What is deposited.
    pub deposit: BaseUnits,
}

#[cfg(test)]
mod tests {
    use alloy::primitives::keccak256;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn word(byte: &str) -> String {
        format!("0x{}", byte.repeat(32))
    }

    fn account(byte: &str) -> String {
        format!("0x{}", byte.repeat(20))
    }

    fn signature() -> String {
        format!("0x{}", "11".repeat(65))
    }

    fn authorization() -> Value {
        json!({
            "from": account("aa"), "to": account("ee"), "value": "1000",
            "validAfter": "0", "validBefore": "1893456000", "nonce": word("44"),
        })
    }

    fn permit(witness: &Value) -> Value {
        json!({
            "from": account("aa"),
            "permitted": { "token": account("cc"), "amount": "1000" },
            "nonce": "1", "deadline": "1893456000", "witness": witness,
        })
    }

    #[rstest]
    #[case::by_authorization(json!({
        "action": "open", "type": "authorization", "channelId": word("c1"), "salt": word("5a"),
        "authorization": authorization(), "signature": signature(),
        "cumulativeAmount": "0", "voucherSignature": signature(),
    }))]
    #[case::by_permit2(json!({
        "action": "open", "type": "permit2", "channelId": word("c1"), "salt": word("5a"),
        "authorizedSigner": account("bb"), "signature": signature(),
        "authorization": permit(&json!({
            "payee": account("dd"), "salt": word("5a"), "authorizedSigner": account("bb"),
        })),
        "cumulativeAmount": "0", "voucherSignature": signature(),
    }))]
    #[case::by_hash(json!({
        "action": "open", "type": "hash", "channelId": word("c1"), "salt": word("5a"),
        "hash": word("ab"), "cumulativeAmount": "0", "signature": signature(),
    }))]
    #[case::top_up(json!({
        "action": "topUp", "type": "permit2", "channelId": word("c1"),
        "authorization": permit(&json!({ "channelId": word("c1") })),
        "signature": signature(), "additionalDeposit": "1000",
    }))]
    #[case::voucher(json!({
        "action": "voucher", "channelId": word("c1"), "cumulativeAmount": "250",
        "signature": signature(),
    }))]
    #[case::voucher_with_deposit(json!({
        "action": "voucher", "channelId": word("c1"), "cumulativeAmount": "250",
        "signature": signature(),
        "deposit": {
            "action": "topUp", "type": "authorization", "salt": word("5a"),
            "authorization": authorization(), "signature": signature(),
        },
    }))]
    fn payloads_are_read_and_written_back(#[case] payload: Value) {
        let read: SessionPayload = serde_json::from_value(payload.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), payload);
    }

    /// What the draft's own types hash to, computed from its text.
    #[test]
    fn witnesses_are_typed_as_drafted() {
        let token = "TokenPermissions(address token,uint256 amount)";
        let permit = "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,";
        let open = format!(
            "{permit}ChannelOpenWitness witness)ChannelOpenWitness(address payee,bytes32 salt,address authorizedSigner){token}"
        );
        let top_up = format!(
            "{permit}ChannelTopUpWitness witness)ChannelTopUpWitness(bytes32 channelId){token}"
        );
        let encoded = opening::PermitWitnessTransferFrom::eip712_encode_type();
        assert_eq!(keccak256(encoded.as_bytes()), keccak256(open));
        let encoded = topping_up::PermitWitnessTransferFrom::eip712_encode_type();
        assert_eq!(keccak256(encoded.as_bytes()), keccak256(top_up));
    }
}
