//! A chain, its facilitator, and a seller that asks it.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod session;

use std::sync::Arc;

use alloy::primitives::{Address, I256};
use alloy::signers::local::PrivateKeySigner;
use conform402_chain::{Account, AnvilBinary, Chain, ChainOptions, Ledger, Seed};
use conform402_facilitator::{ApiCredentials, Facilitator};
use conform402_wire::did::DidPkh;
use conform402_wire::json::EncodedObject;
use conform402_wire::sa::auth;
use conform402_wire::{BaseUnits, Challenge, ChallengeId};
use serde::Serialize;
use serde_json::{Value, json};

pub const SECRET: &str = "the secret of the tests";
pub const TIMESTAMP: &str = "2026-11-20T21:49:56Z";

/// What the payer has at first, of each token.
pub const FUNDS: u64 = 1_000;

pub struct Setting {
    pub chain: Arc<Chain>,
    pub facilitator: Facilitator,
    pub payer: Account,
    pub payee: PrivateKeySigner,
    pub partner: Address,
}

impl Setting {
    pub async fn new() -> Self {
        let anvil = AnvilBinary::find(|notice| println!("{notice}")).await.unwrap();
        let options = ChainOptions { chain_id: 196, seed: Seed::default() };
        let chain = Chain::start(&anvil, options).await.unwrap();
        let payer = Account::new(chain.seed().key("payer"));
        chain.fund(&[payer.address()], BaseUnits::new(FUNDS)).await.unwrap();
        let credentials = ApiCredentials {
            key: "key".into(),
            secret: SECRET.into(),
            passphrase: "passphrase".into(),
        };
        Self {
            facilitator: Facilitator::start(&chain, credentials).await,
            payee: chain.seed().key("payee"),
            partner: Address::repeat_byte(0x22),
            payer,
            chain,
        }
    }

    pub fn ledger(&self) -> Ledger {
        let ledger = Ledger::new(self.chain.clone());
        ledger.watch("payer", self.payer.address(), BaseUnits::new(FUNDS));
        ledger.watch("payee", self.payee.address(), BaseUnits::new(0));
        ledger.watch("partner", self.partner, BaseUnits::new(0));
        ledger
    }

    pub fn body(&self, intent: &str, request: &impl Serialize, payload: &Value) -> Value {
        let challenge = Challenge {
            id: ChallengeId("id".into()),
            realm: "r".into(),
            method: "evm".into(),
            intent: intent.into(),
            request: EncodedObject::encode(request).unwrap(),
            expires: Some("2100-01-01T00:00:00Z".into()),
            digest: None,
            description: None,
            opaque: None,
        };
        let source = DidPkh { chain_id: 196, address: self.payer.address() }.to_string();
        json!({"challenge": challenge, "payload": payload, "source": source})
    }

    pub async fn ask_at(
        &self,
        path: &str,
        body: &Value,
        timestamp: &str,
        secret: &str,
    ) -> reqwest::Result<reqwest::Response> {
        let body = body.to_string();
        let sign = auth::sign(secret, timestamp, "POST", path, body.as_bytes());
        let request = reqwest::Client::new().post(format!("{}{path}", self.facilitator.url()));
        signed(request, timestamp, sign).body(body).send().await
    }

    /// The envelope that answers a POST.
    pub async fn ask(&self, path: &str, body: &Value) -> Value {
        envelope(self.ask_at(path, body, TIMESTAMP, SECRET).await.unwrap()).await
    }

    pub async fn code(&self, path: &str, body: &Value) -> i64 {
        self.ask(path, body).await["code"].as_i64().unwrap()
    }

    /// The envelope that answers a GET.
    pub async fn get(&self, path: &str) -> Value {
        let sign = auth::sign(SECRET, TIMESTAMP, "GET", path, b"");
        let request = reqwest::Client::new().get(format!("{}{path}", self.facilitator.url()));
        envelope(signed(request, TIMESTAMP, sign).send().await.unwrap()).await
    }
}

fn signed(
    request: reqwest::RequestBuilder,
    timestamp: &str,
    sign: String,
) -> reqwest::RequestBuilder {
    request
        .header(auth::KEY, "key")
        .header(auth::PASSPHRASE, "passphrase")
        .header(auth::TIMESTAMP, timestamp)
        .header(auth::SIGN, sign)
}

async fn envelope(response: reqwest::Response) -> Value {
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

pub fn delta(units: i64) -> I256 {
    I256::try_from(units).unwrap()
}
