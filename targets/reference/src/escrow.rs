//! The escrow, as a seller without a settlement service uses it: over the
//! chain's own JSON-RPC. What a transaction did is read from its receipt, and
//! never from its having been sent.

use alloy::eips::Encodable2718 as _;
use alloy::network::{EthereumWallet, NetworkTransactionBuilder as _, TransactionBuilder as _};
use alloy::primitives::{Address, B256, Bytes, TxHash};
use alloy::providers::{DynProvider, Provider as _, ProviderBuilder};
use alloy::rpc::types::{Log, TransactionReceipt, TransactionRequest};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::{SolCall, SolError, SolEvent};
use alloy::transports::TransportError;
use conform402_wire::adapter::{OfferInfo, SessionInfo};
use conform402_wire::session::channel::ChannelId;
use tokio::sync::Mutex;

use crate::fault::{Faults, fault};
use crate::seller::Refusal;

alloy::sol! {
    /// What the draft calls for ("Contract Functions", "Contract Errors").
    #[allow(clippy::too_many_arguments)]
    #[sol(rpc)]
    interface ChannelEscrow {
        struct Channel {
            bool finalized;
            uint64 closeRequestedAt;
            address payer;
            address payee;
            address token;
            address authorizedSigner;
            uint128 deposit;
            uint128 settled;
        }

        event ChannelOpened(
            bytes32 indexed channelId,
            address indexed payer,
            address indexed payee,
            address token,
            address authorizedSigner,
            bytes32 salt,
            uint256 deposit
        );
        event TopUp(
            bytes32 indexed channelId,
            address indexed payer,
            address indexed payee,
            uint256 additionalDeposit,
            uint256 newDeposit
        );

        error AmountExceedsDeposit();
        error ChannelNotFound();
        error ChannelFinalized();
        error InvalidSignature();
        error NonceMismatch();
        error NonceAlreadyUsed();
        error AuthorizationExpired();
        error AmountNotIncreasing();
        error ChannelAlreadyExists();

        function CLOSE_GRACE_PERIOD() external view returns (uint64);
        function getChannel(bytes32 channelId) external view returns (Channel memory);
        function openWithAuthorization(
            address payee,
            address token,
            uint128 deposit,
            bytes32 salt,
            address authorizedSigner,
            address from,
            uint256 validAfter,
            uint256 validBefore,
            bytes32 nonce,
            bytes signature
        ) external returns (bytes32);
        function openWithPermit2(
            address payee,
            address token,
            uint128 deposit,
            bytes32 salt,
            address authorizedSigner,
            address from,
            uint256 nonce,
            uint256 deadline,
            bytes signature
        ) external returns (bytes32);
        function topUpWithAuthorization(
            bytes32 channelId,
            uint128 additionalDeposit,
            address from,
            bytes32 topUpSalt,
            uint256 validAfter,
            uint256 validBefore,
            bytes32 nonce,
            bytes signature
        ) external;
        function topUpWithPermit2(
            bytes32 channelId,
            uint128 additionalDeposit,
            address from,
            uint256 nonce,
            uint256 deadline,
            bytes signature
        ) external;
        function close(bytes32 channelId, uint128 cumulativeAmount, bytes signature) external;
    }
}

alloy::sol! {
    /// Whoever signs without a key (ERC-1271).
    #[sol(rpc)]
    interface ContractSigner {
        function isValidSignature(bytes32 hash, bytes signature) external view returns (bytes4);
    }
}

/// Gas no call of the escrow needs in full; fixed, so that what would revert is
/// mined and reverts.
const GAS_LIMIT: u64 = 1_000_000;

/// The code of a JSON-RPC error that says a call reverts.
const REVERTED: i64 = 3;

/// Why a call did not have its effect.
#[derive(Debug, thiserror::Error)]
pub enum NotEffective {
    /// It would revert, or did.
    #[error("the transaction reverts")]
    Reverted {
        /// The most specific problem type the draft has for it.
        problem: &'static str,
    },
    /// No block has the transaction.
    #[error("the transaction is not mined")]
    NotMined,
    /// The chain did not answer.
    #[error("the chain: {0}")]
    Chain(String),
}

impl From<TransportError> for NotEffective {
    fn from(error: TransportError) -> Self {
        Self::Chain(error.to_string())
    }
}

impl From<NotEffective> for Refusal {
    fn from(failure: NotEffective) -> Self {
        let detail = failure.to_string();
        match failure {
            NotEffective::Reverted { problem } => Self::Status(status_of(problem), problem, detail),
            NotEffective::NotMined => Self::because("verification-failed", detail),
            NotEffective::Chain(_) => Self::Status(503, "about:blank", detail),
        }
    }
}

/// The status of a problem type (draft-evm-session-00, "Problem Type
/// Registration").
fn status_of(problem: &str) -> u16 {
    match problem {
        "session/channel-not-found" | "session/channel-finalized" => 410,
        "session/transaction-reverted" => 409,
        _ => 402,
    }
}

/// The escrow of one offer.
#[derive(Debug)]
pub struct EscrowClient<'a> {
    provider: DynProvider,
    contract: Address,
    chain_id: u64,
    payee: EthereumWallet,
    /// Held from reading the payee's nonce until it is used.
    broadcasting: &'a Mutex<()>,
    faults: &'a Faults,
}

impl<'a> EscrowClient<'a> {
    /// # Errors
    /// [`NotEffective::Chain`] if the mount named no usable chain or key.
    pub fn new(
        rpc_url: &str,
        http: &reqwest::Client,
        offer: &OfferInfo,
        session: &SessionInfo,
        broadcasting: &'a Mutex<()>,
        faults: &'a Faults,
    ) -> Result<Self, NotEffective> {
        let unusable = |reason: String| NotEffective::Chain(reason);
        let url = rpc_url.parse().map_err(|_| unusable(format!("{rpc_url:?} is no URL")))?;
        let key = PrivateKeySigner::from_bytes(&session.payee_key);
        let key = key.map_err(|error| unusable(error.to_string()))?;
        Ok(Self {
            provider: ProviderBuilder::default().connect_reqwest(http.clone(), url).erased(),
            contract: session.escrow,
            chain_id: offer.chain_id,
            payee: EthereumWallet::from(key),
            broadcasting,
            faults,
        })
    }

    /// A channel as the escrow has it; `None` where there never was one.
    ///
    /// # Errors
    /// [`NotEffective::Chain`].
    pub async fn channel(
        &self,
        id: ChannelId,
    ) -> Result<Option<ChannelEscrow::Channel>, NotEffective> {
        let escrow = ChannelEscrow::new(self.contract, &self.provider);
        let channel = escrow.getChannel(id.0).call().await;
        let channel = channel.map_err(|error| NotEffective::Chain(error.to_string()))?;
        Ok(Some(channel).filter(|channel| !channel.payer.is_zero()))
    }

    /// How long the payee has from a payer's request to leave, in seconds.
    ///
    /// # Errors
    /// [`NotEffective::Chain`].
    pub async fn grace_period(&self) -> Result<u64, NotEffective> {
        let escrow = ChannelEscrow::new(self.contract, &self.provider);
        let period = escrow.CLOSE_GRACE_PERIOD().call().await;
        period.map_err(|error| NotEffective::Chain(error.to_string()))
    }

    /// Whether there is code at an address.
    ///
    /// # Errors
    /// [`NotEffective::Chain`].
    pub async fn is_contract(&self, address: Address) -> Result<bool, NotEffective> {
        Ok(!self.provider.get_code_at(address).await?.is_empty())
    }

    /// Whether `signer` is a contract that calls this its signature (ERC-1271).
    ///
    /// # Errors
    /// [`NotEffective::Chain`].
    pub async fn signs(
        &self,
        signer: Address,
        digest: B256,
        signature: &Bytes,
    ) -> Result<bool, NotEffective> {
        if !self.is_contract(signer).await? {
            return Ok(false);
        }
        let contract = ContractSigner::new(signer, &self.provider);
        let said = contract.isValidSignature(digest, signature.clone()).call().await;
        match said {
            Ok(said) => Ok(said == ContractSigner::isValidSignatureCall::SELECTOR),
            Err(alloy::contract::Error::TransportError(error)) if reverted(&error).is_none() => {
                Err(error.into())
            }
            Err(_) => Ok(false),
        }
    }

    /// Sends a call of the payee's and waits until it is mined.
    ///
    /// # Errors
    /// [`NotEffective`].
    pub async fn broadcast(&self, call: &impl SolCall) -> Result<TxHash, NotEffective> {
        let from = self.payee.default_signer().address();
        let request = TransactionRequest::default()
            .with_from(from)
            .with_to(self.contract)
            .with_input(call.abi_encode())
            .with_chain_id(self.chain_id)
            .with_gas_limit(GAS_LIMIT)
            .with_gas_price(0);
        if let Err(error) = self.provider.call(request.clone()).await {
            return Err(reverted(&error).unwrap_or_else(|| error.into()));
        }
        let _turn = self.broadcasting.lock().await;
        let nonce = self.provider.get_transaction_count(from).pending().await?;
        let signed = request.with_nonce(nonce).build(&self.payee).await;
        let signed = signed.map_err(|error| NotEffective::Chain(error.to_string()))?;
        let receipt = self.provider.send_raw_transaction_sync(&signed.encoded_2718()).await?;
        successful(receipt).map(|receipt| receipt.transaction_hash)
    }

    /// What a transaction did to the escrow: its events of this kind.
    ///
    /// # Errors
    /// [`NotEffective`].
    pub async fn events<E: SolEvent>(&self, hash: TxHash) -> Result<Vec<E>, NotEffective> {
        let receipt = self.provider.get_transaction_receipt(hash).await?;
        let receipt = successful(receipt.ok_or(NotEffective::NotMined)?)?;
        let of_anyone = fault!(
            self.faults,
            "reads-events-of-any-contract",
            "what any contract reports is taken for the escrow's word"
        );
        let is_the_escrows = |log: &&Log| log.address() == self.contract || of_anyone;
        let logs = receipt.logs().iter().filter(is_the_escrows);
        Ok(logs.filter_map(|log| E::decode_log(&log.inner).ok()).map(|log| log.data).collect())
    }
}

fn successful(receipt: TransactionReceipt) -> Result<TransactionReceipt, NotEffective> {
    if receipt.status() {
        Ok(receipt)
    } else {
        Err(NotEffective::Reverted { problem: "session/transaction-reverted" })
    }
}

/// The draft's table ("Error Responses"); `None` where the chain did not answer.
fn reverted(error: &TransportError) -> Option<NotEffective> {
    use ChannelEscrow as Escrow;
    let refusal = error.as_error_resp()?;
    let data = refusal.as_revert_data();
    let says_so = refusal.code == REVERTED || refusal.message.contains("revert");
    if data.is_none() && !says_so {
        return None;
    }
    let data = data.unwrap_or_default();
    let is = |selector: [u8; 4]| data.starts_with(&selector);
    let problem = if is(Escrow::AmountExceedsDeposit::SELECTOR) {
        "session/amount-exceeds-deposit"
    } else if is(Escrow::ChannelNotFound::SELECTOR) {
        "session/channel-not-found"
    } else if is(Escrow::ChannelFinalized::SELECTOR) {
        "session/channel-finalized"
    } else if is(Escrow::InvalidSignature::SELECTOR) {
        "session/invalid-signature"
    } else {
        "session/transaction-reverted"
    };
    Some(NotEffective::Reverted { problem })
}
