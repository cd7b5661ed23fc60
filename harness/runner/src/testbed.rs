//! Chain, contracts, facilitator and wallets of one run.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::Address;
use conform402_chain::{AnvilBinary, Chain, ChainError, ChainOptions};
use conform402_facilitator::{ApiCredentials, Facilitator};
use conform402_wire::BaseUnits;

use conform402_wire::adapter::{FacilitatorInfo, TestbedInfo, TokenInfo};

/// What every payer holds of each token when a check begins.
pub const PAYER_FUNDS: BaseUnits = BaseUnits::new(1_000_000);

/// A running testbed; it ends when dropped.
#[derive(Debug)]
pub struct Testbed {
    /// The chain.
    pub chain: Arc<Chain>,
    /// The facilitator that settles on it.
    pub facilitator: Facilitator,
    realm: String,
    secret_key: String,
}

impl Testbed {
    /// Starts chain and facilitator.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not start.
    pub async fn start(anvil: &AnvilBinary, options: ChainOptions) -> Result<Self, ChainError> {
        let chain = Chain::start(anvil, options).await?;
        let secret = |what: &str| alloy::hex::encode(options.seed.key(what).to_bytes());
        let credentials = ApiCredentials {
            key: "conform402-api-key".to_owned(),
            secret: secret("facilitator secret"),
            passphrase: "conform402-passphrase".to_owned(),
        };
        Ok(Self {
            facilitator: Facilitator::start(&chain, credentials).await,
            chain,
            realm: "conform402.test".to_owned(),
            secret_key: secret("challenge secret"),
        })
    }

    /// Protection space of every challenge.
    #[must_use]
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// What the target binds challenge ids with.
    #[must_use]
    pub fn secret_key(&self) -> &[u8] {
        self.secret_key.as_bytes()
    }

    /// Gives each payer [`PAYER_FUNDS`].
    ///
    /// # Errors
    /// [`ChainError`] if the chain refuses.
    pub async fn fund(&self, payers: &[Address]) -> Result<(), ChainError> {
        self.chain.fund(payers, PAYER_FUNDS).await
    }

    /// `patience`: how long a target waits for the facilitator; `store`: where
    /// it keeps channels.
    pub(crate) fn info(&self, patience: Duration, store: Option<&Path>) -> TestbedInfo {
        let token = self.chain.token();
        let credentials = self.facilitator.credentials();
        TestbedInfo {
            chain_id: self.chain.chain_id(),
            rpc_url: self.chain.rpc_url().to_owned(),
            token: TokenInfo {
                address: token.domain.contract,
                name: token.domain.name.clone(),
                version: token.domain.version.clone(),
                decimals: token.decimals,
            },
            permit2: self.chain.permit2(),
            facilitator: FacilitatorInfo {
                url: self.facilitator.url(),
                api_key: credentials.key.clone(),
                secret_key: credentials.secret.clone(),
                passphrase: credentials.passphrase.clone(),
                timeout_ms: u64::try_from(patience.as_millis()).unwrap_or(u64::MAX),
            },
            realm: self.realm.clone(),
            secret_key: self.secret_key.clone(),
            store: store.map(Path::to_owned),
        }
    }
}
