//! The chain of a testbed: a local anvil with the contracts deployed, funded
//! wallets, time travel, and the ledger that judges every payment.

mod anvil;
mod channel;
mod contracts;
mod ledger;
mod wallet;

use std::sync::Arc;

use alloy::network::{NetworkTransactionBuilder as _, TransactionBuilder as _};
use alloy::primitives::{Address, B256, Bytes, TxHash, U256};
use alloy::providers::ext::AnvilApi as _;
use alloy::providers::{DynProvider, Provider as _, ProviderBuilder};
use alloy::rpc::types::anvil::ReorgOptions;
use alloy::rpc::types::{TransactionReceipt, TransactionRequest};
use alloy::sol_types::SolCall as _;
use alloy::transports::TransportError;
use conform402_wire::BaseUnits;
use conform402_wire::eip3009::TokenDomain;
use conform402_wire::session::channel::{ChannelId, Escrow};

pub use anvil::{ANVIL_VERSION, AnvilBinary, MissingAnvil};
pub use channel::{Channel, Revert};
pub use conform402_wire::Seed;
pub use contracts::{Channels, Deposits, Escrow as EscrowContract, Impostor, Lens, Permit2, Token};
pub use ledger::{Holder, Ledger, Movement, Party, Unaccounted, Unexpected};
pub use wallet::Account;

/// Gas no transaction of a testbed needs in full; fixed so that a reverting
/// transaction is mined instead of failing at estimation.
const GAS_LIMIT: u64 = 1_000_000;

/// Enough to be mined, an opening's calldata included, too little to move money.
const GAS_TO_REVERT: u64 = 38_000;

/// Most balances one minting transaction writes within a block's gas.
const MINT_BATCH: usize = 300;

/// The grace period of the escrow, in seconds (draft-evm-session-00, "Forced
/// Close": the reference value).
const GRACE_PERIOD: u64 = 15 * 60;

/// The grace period of the hasty escrow, in seconds: half of what the draft
/// asks for at least.
const HASTY_GRACE_PERIOD: u64 = 5 * 60;

/// What went wrong with the chain. Always ours, never the target's.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// No usable anvil.
    #[error(transparent)]
    MissingAnvil(#[from] MissingAnvil),
    /// anvil did not start.
    #[error("anvil did not start: {0}")]
    Spawn(String),
    /// A call failed.
    #[error("the chain refused {what}: {reason}")]
    Rpc {
        /// What was asked.
        what: &'static str,
        /// What it answered.
        reason: String,
    },
    /// A transaction of the set-up reverted.
    #[error("{0} reverted")]
    Reverted(&'static str),
    /// A movement was expected that no ledger would show.
    #[error("nobody watches {0:?}, whose balance was to be judged")]
    Unwatched(Holder),
}

impl ChainError {
    fn rpc(what: &'static str) -> impl Fn(TransportError) -> Self {
        move |error| Self::Rpc { what, reason: error.to_string() }
    }

    fn call(what: &'static str) -> impl Fn(alloy::contract::Error) -> Self {
        move |error| Self::Rpc { what, reason: error.to_string() }
    }
}

/// How to start a chain.
#[derive(Clone, Copy, Debug)]
pub struct ChainOptions {
    /// EIP-155 chain id; 196 is X Layer's.
    pub chain_id: u64,
    /// Every key of the testbed derives from it.
    pub seed: Seed,
}

/// A token of the testbed.
#[derive(Clone, Debug)]
pub struct TokenInfo {
    /// What reports call it.
    pub label: &'static str,
    /// Name, version, chain and address.
    pub domain: TokenDomain,
    /// Places of a whole token.
    pub decimals: u8,
}

/// A running chain. Dropping it ends anvil and removes its files.
#[derive(Debug)]
pub struct Chain {
    provider: DynProvider,
    options: ChainOptions,
    rpc_url: String,
    /// The token offers ask for; its name holds a character outside ASCII.
    token: TokenInfo,
    /// A second token, for payments in the wrong one.
    other_token: TokenInfo,
    permit2: Address,
    escrow: Escrow,
    /// A second escrow, from which payers leave before a payee can settle.
    hasty_escrow: Escrow,
    lens: Address,
    minter: Account,
    relayer: Account,
    // Dropped in this order: anvil first, then the files it writes to.
    _anvil: alloy::node_bindings::AnvilInstance,
    _files: tempfile::TempDir,
}

impl Chain {
    /// Starts anvil from `binary` and deploys the contracts.
    ///
    /// # Errors
    /// [`ChainError`] if anvil does not start or a deployment fails.
    pub async fn start(
        binary: &AnvilBinary,
        options: ChainOptions,
    ) -> Result<Arc<Self>, ChainError> {
        let (anvil, files) = anvil::spawn(binary, options.chain_id).await?;
        let rpc_url = anvil.endpoint();
        let provider = ProviderBuilder::default().connect_http(anvil.endpoint_url()).erased();
        let minter = Account::new(options.seed.key("minter"));
        let relayer = Account::new(options.seed.key("relayer"));
        let mut chain = Self {
            provider,
            options,
            rpc_url,
            token: token_info("USD₮0", options.chain_id),
            other_token: token_info("the other USD₮0", options.chain_id),
            permit2: Permit2::ADDRESS,
            escrow: Escrow { contract: Address::ZERO, chain_id: options.chain_id },
            hasty_escrow: Escrow { contract: Address::ZERO, chain_id: options.chain_id },
            lens: Address::ZERO,
            minter,
            relayer,
            _anvil: anvil,
            _files: files,
        };
        chain.deploy().await?;
        Ok(Arc::new(chain))
    }

    async fn deploy(&mut self) -> Result<(), ChainError> {
        let code_of = |token: &TokenInfo| contracts::token_init_code(&token.domain, token.decimals);
        self.token.domain.contract = self.create(code_of(&self.token)).await?;
        self.other_token.domain.contract = self.create(code_of(&self.other_token)).await?;
        self.lens = self.create(Lens::BYTECODE.clone()).await?;
        self.escrow.contract = self.create(contracts::escrow_init_code(GRACE_PERIOD)).await?;
        self.hasty_escrow.contract =
            self.create(contracts::escrow_init_code(HASTY_GRACE_PERIOD)).await?;
        self.send(&self.minter, Permit2::FACTORY, Permit2::factory_input(), Permit2::DEPLOY_GAS)
            .await?
            .status()
            .then_some(())
            .ok_or(ChainError::Reverted("the deployment of Permit2"))
    }

    /// Deploys a contract that signs by `owner`'s key, through ERC-1271.
    ///
    /// # Errors
    /// [`ChainError`] if the chain refuses.
    pub async fn smart_wallet(&self, owner: Address) -> Result<Address, ChainError> {
        self.create(contracts::wallet_init_code(owner)).await
    }

    /// Deploys a contract that reports top-ups as the escrow does, and holds nothing.
    ///
    /// # Errors
    /// [`ChainError`] if the chain refuses.
    pub async fn impostor(&self) -> Result<Address, ChainError> {
        self.create(Impostor::BYTECODE.clone()).await
    }

    async fn create(&self, init_code: Bytes) -> Result<Address, ChainError> {
        let nonce = self.minter.take_nonce().await;
        let request = self.request(nonce, 8 * GAS_LIMIT).with_deploy_code(init_code);
        let receipt = self.send_signed(&self.minter, request).await?;
        let created = receipt.contract_address.filter(|_| receipt.status());
        created.ok_or(ChainError::Reverted("a deployment"))
    }

    /// Where targets reach the chain.
    #[must_use]
    pub fn rpc_url(&self) -> &str {
        &self.rpc_url
    }

    /// EIP-155 chain id.
    #[must_use]
    pub const fn chain_id(&self) -> u64 {
        self.options.chain_id
    }

    /// The seed all keys derive from.
    #[must_use]
    pub const fn seed(&self) -> Seed {
        self.options.seed
    }

    /// The token offers ask for.
    #[must_use]
    pub const fn token(&self) -> &TokenInfo {
        &self.token
    }

    /// The token they do not ask for.
    #[must_use]
    pub const fn other_token(&self) -> &TokenInfo {
        &self.other_token
    }

    /// Uniswap's Permit2, at its canonical address.
    #[must_use]
    pub const fn permit2(&self) -> Address {
        self.permit2
    }

    /// Where channels are.
    #[must_use]
    pub const fn escrow(&self) -> &Escrow {
        &self.escrow
    }

    /// An escrow whose grace period is shorter than servers may accept.
    #[must_use]
    pub const fn hasty_escrow(&self) -> &Escrow {
        &self.hasty_escrow
    }

    /// The facilitator's account, which pays all gas.
    #[must_use]
    pub const fn relayer(&self) -> &Account {
        &self.relayer
    }

    /// Mints `amount` of both tokens to each holder.
    ///
    /// # Errors
    /// [`ChainError`] if the chain refuses.
    pub async fn fund(&self, holders: &[Address], amount: BaseUnits) -> Result<(), ChainError> {
        for batch in holders.chunks(MINT_BATCH) {
            let mint = Token::mintManyCall { to: batch.to_vec(), amount: amount.0 };
            for token in [&self.token, &self.other_token] {
                let input = mint.abi_encode().into();
                let gas = GAS_LIMIT * (1 + batch.len() as u64 / 20);
                let receipt = self.send(&self.minter, token.domain.contract, input, gas).await?;
                if !receipt.status() {
                    return Err(ChainError::Reverted("a mint"));
                }
            }
        }
        Ok(())
    }

    /// Sends a transaction and returns its receipt, also where it reverted.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not take it.
    pub async fn transact(
        &self,
        from: &Account,
        to: Address,
        input: impl Into<Bytes>,
    ) -> Result<TransactionReceipt, ChainError> {
        self.send(from, to, input.into(), GAS_LIMIT).await
    }

    /// Sends a transaction with too little gas to do anything but revert.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not take it.
    pub async fn transact_in_vain(
        &self,
        from: &Account,
        to: Address,
        input: impl Into<Bytes>,
    ) -> Result<TransactionReceipt, ChainError> {
        self.send(from, to, input.into(), GAS_TO_REVERT).await
    }

    /// Sends a transaction that cannot be mined, because one before it is
    /// missing, and returns its hash.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not take it.
    pub async fn leave_pending(
        &self,
        from: &Account,
        to: Address,
        input: impl Into<Bytes>,
    ) -> Result<TxHash, ChainError> {
        let nonce = from.skip_nonce().await;
        let request = self.request(nonce, GAS_LIMIT).with_to(to).with_input(input.into());
        let raw = self.sign(from, request).await?;
        let pending = self.provider.send_raw_transaction(&raw).await;
        Ok(*pending.map_err(ChainError::rpc("a transaction"))?.tx_hash())
    }

    async fn send(
        &self,
        from: &Account,
        to: Address,
        input: Bytes,
        gas: u64,
    ) -> Result<TransactionReceipt, ChainError> {
        let nonce = from.take_nonce().await;
        self.send_signed(from, self.request(nonce, gas).with_to(to).with_input(input)).await
    }

    fn request(&self, nonce: u64, gas: u64) -> TransactionRequest {
        TransactionRequest::default()
            .with_chain_id(self.options.chain_id)
            .with_nonce(nonce)
            .with_gas_limit(gas)
            .with_gas_price(0)
            .with_value(U256::ZERO)
    }

    async fn send_signed(
        &self,
        from: &Account,
        request: TransactionRequest,
    ) -> Result<TransactionReceipt, ChainError> {
        let raw = self.sign(from, request).await?;
        let sent = self.provider.send_raw_transaction_sync(&raw).await;
        sent.map_err(ChainError::rpc("a transaction"))
    }

    async fn sign(
        &self,
        from: &Account,
        request: TransactionRequest,
    ) -> Result<Vec<u8>, ChainError> {
        use alloy::eips::Encodable2718 as _;
        let signed = request.build(from.wallet()).await.map_err(|error| ChainError::Rpc {
            what: "to sign a transaction",
            reason: error.to_string(),
        })?;
        Ok(signed.encoded_2718())
    }

    /// The receipt of a transaction, if it was mined.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not answer.
    pub async fn receipt(&self, hash: TxHash) -> Result<Option<TransactionReceipt>, ChainError> {
        let receipt = self.provider.get_transaction_receipt(hash).await;
        receipt.map_err(ChainError::rpc("a receipt"))
    }

    /// A channel of [`Chain::escrow`]; `None` where there never was one.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not answer.
    pub async fn channel(&self, id: ChannelId) -> Result<Option<Channel>, ChainError> {
        Ok(self.channels(&self.escrow, &[id]).await?.pop().flatten())
    }

    /// Who shares what a channel settles, in basis points.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not answer.
    pub async fn splits(&self, id: ChannelId) -> Result<Vec<(Address, u16)>, ChainError> {
        self.splits_in(&self.escrow, id).await
    }

    pub(crate) async fn splits_in(
        &self,
        escrow: &Escrow,
        id: ChannelId,
    ) -> Result<Vec<(Address, u16)>, ChainError> {
        let escrow = EscrowContract::new(escrow.contract, &self.provider);
        let splits = escrow.getSplits(id.0).call().await;
        let splits = splits.map_err(ChainError::call("the splits of a channel"))?;
        Ok(splits.into_iter().map(|split| (split.recipient, split.bps)).collect())
    }

    /// How long a payee has from the payer's request to leave an escrow, in
    /// seconds.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not answer.
    pub async fn grace_period(&self, escrow: &Escrow) -> Result<u64, ChainError> {
        let escrow = EscrowContract::new(escrow.contract, &self.provider);
        escrow.CLOSE_GRACE_PERIOD().call().await.map_err(ChainError::call("the grace period"))
    }

    pub(crate) async fn channels(
        &self,
        escrow: &Escrow,
        ids: &[ChannelId],
    ) -> Result<Vec<Option<Channel>>, ChainError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let escrow = EscrowContract::new(escrow.contract, &self.provider);
        let ids: Vec<B256> = ids.iter().map(|id| id.0).collect();
        let records = escrow.getChannelsBatch(ids).call().await;
        let records = records.map_err(ChainError::call("the channels"))?;
        Ok(records.into_iter().map(Channel::of).collect())
    }

    /// Whether `authorizer` has used or cancelled `nonce` in the offers' token.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not answer.
    pub async fn nonce_used(&self, authorizer: Address, nonce: B256) -> Result<bool, ChainError> {
        let token = Token::new(self.token.domain.contract, &self.provider);
        let used = token.authorizationState(authorizer, nonce).call().await;
        used.map_err(ChainError::call("a nonce state"))
    }

    /// Whether a transaction is known but not mined yet.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not answer.
    pub async fn is_pending(&self, hash: TxHash) -> Result<bool, ChainError> {
        let found = self.provider.get_transaction_by_hash(hash).await;
        let found = found.map_err(ChainError::rpc("a transaction"))?;
        Ok(found.is_some_and(|transaction| transaction.block_number.is_none()))
    }

    /// What a call would do, without a transaction; inside, why it reverts.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not answer.
    pub async fn simulate(
        &self,
        from: Address,
        to: Address,
        input: Bytes,
    ) -> Result<Result<(), Revert>, ChainError> {
        let request = TransactionRequest::default()
            .with_from(from)
            .with_to(to)
            .with_input(input)
            .with_gas_limit(GAS_LIMIT);
        match self.provider.call(request).await {
            Ok(_) => Ok(Ok(())),
            Err(error) => match Revert::of(&error) {
                Some(revert) => Ok(Err(revert)),
                None => Err(ChainError::rpc("to simulate")(error)),
            },
        }
    }

    /// The time of the newest block, Unix seconds.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not answer.
    pub async fn now(&self) -> Result<u64, ChainError> {
        let block = self.provider.get_block(alloy::eips::BlockId::latest()).await;
        let block = block.map_err(ChainError::rpc("the newest block"))?;
        block
            .map(|block| block.header.timestamp)
            .ok_or(ChainError::Rpc { what: "the newest block", reason: "none".into() })
    }

    /// Moves the chain's clock forward and mines a block, so that calls see
    /// the new time too.
    ///
    /// # Errors
    /// [`ChainError`] if the chain refuses.
    pub async fn travel(&self, seconds: u64) -> Result<(), ChainError> {
        self.provider.anvil_increase_time(seconds).await.map_err(ChainError::rpc("to travel"))?;
        self.mine().await
    }

    /// Mines a block of whatever can be mined.
    ///
    /// # Errors
    /// [`ChainError`] if the chain refuses.
    pub async fn mine(&self) -> Result<(), ChainError> {
        self.provider.evm_mine(None).await.map_err(ChainError::rpc("to mine")).map(drop)
    }

    /// Puts empty blocks in the place of the newest `depth`, as a reorganisation
    /// of the chain does, and returns the transactions that are gone, signed.
    /// Their senders have to send them again before any other.
    ///
    /// # Errors
    /// [`ChainError`] if the chain refuses.
    pub async fn reorganize(&self, depth: u64) -> Result<Vec<Bytes>, ChainError> {
        let newest = self.provider.get_block_number().await;
        let newest = newest.map_err(ChainError::rpc("the newest block"))?;
        let mut undone = Vec::new();
        for number in (newest + 1).saturating_sub(depth)..=newest {
            let block = self.provider.get_block_by_number(number.into()).await;
            let block = block.map_err(ChainError::rpc("a block"))?;
            for hash in block.into_iter().flat_map(|block| block.transactions.into_hashes_vec()) {
                let raw = self.provider.get_raw_transaction_by_hash(hash).await;
                undone.extend(raw.map_err(ChainError::rpc("a transaction"))?);
            }
        }
        let reorganization = ReorgOptions { depth, tx_block_pairs: Vec::new() };
        let reorganized = self.provider.anvil_reorg(reorganization).await;
        reorganized.map_err(ChainError::rpc("to reorganise"))?;
        Ok(undone)
    }

    /// Sends transactions that were sent before, and waits until each is mined.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not take one.
    pub async fn send_again(&self, transactions: &[Bytes]) -> Result<(), ChainError> {
        for raw in transactions {
            let sent = self.provider.send_raw_transaction_sync(raw).await;
            sent.map_err(ChainError::rpc("a transaction"))?;
        }
        Ok(())
    }

    pub(crate) async fn look(
        &self,
        token: Address,
        holders: &[Address],
    ) -> Result<Lens::lookReturn, ChainError> {
        let lens = Lens::new(self.lens, &self.provider);
        let seen = lens.look(token, holders.to_vec(), Vec::new()).call().await;
        seen.map_err(ChainError::call("the balances"))
    }
}

/// Both tokens have one name and version, as copies of a token have: nothing
/// but the address tells them apart.
fn token_info(label: &'static str, chain_id: u64) -> TokenInfo {
    TokenInfo {
        label,
        domain: TokenDomain {
            name: "USD₮0".to_owned(),
            version: "1".to_owned(),
            chain_id,
            contract: Address::ZERO,
        },
        decimals: 6,
    }
}
