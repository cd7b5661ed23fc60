//! The contracts as judges of the golden vectors: what a vector calls a good
//! signature, the token, Permit2 or the escrow takes, and what it calls another
//! signer's, they refuse; and what a contract derives itself is what a vector
//! derives.
//!
//! The vectors are made for the contracts of the testbed, as a team would make
//! them for its own.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod escrow;
mod permit2;
mod token;

use std::sync::Arc;

use alloy::hex;
use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::providers::{Provider as _, ProviderBuilder, RootProvider};
use alloy::rpc::types::TransactionRequest;
use alloy::sol_types::SolCall;
use conform402_chain::{AnvilBinary, Chain, ChainOptions, Seed};
use conform402_vectors::{Case, Deployment, Expectation, operation};
use serde_json::Value;

/// A chain, and vectors made for its contracts.
struct Bench {
    chain: Arc<Chain>,
    rpc: RootProvider,
    deployment: Deployment,
}

impl Bench {
    async fn start(chain_id: u64) -> Self {
        let anvil = AnvilBinary::find(|notice| println!("{notice}")).await.unwrap();
        let options = ChainOptions { chain_id, seed: Seed::default() };
        let chain = Chain::start(&anvil, options).await.unwrap();
        let rpc = ProviderBuilder::default().connect_http(chain.rpc_url().parse().unwrap());
        let token = &chain.token().domain;
        let deployment = Deployment {
            chain_id,
            token: token.contract,
            token_name: token.name.clone(),
            token_version: token.version.clone(),
            permit2: chain.permit2(),
            escrow: chain.escrow().contract,
            ..Deployment::default()
        };
        Self { chain, rpc, deployment }
    }

    fn cases(&self, name: &str) -> Vec<(Value, Case)> {
        let file = operation(name).unwrap().file(&self.deployment).unwrap();
        file.cases().map(|(input, case)| (input, case.clone())).collect()
    }

    /// What must come out of a valid case.
    fn output(&self, id: &str) -> Value {
        let (operation, _) = id.rsplit_once('.').unwrap();
        let (_, case) = self.cases(operation).into_iter().find(|(_, case)| case.id == id).unwrap();
        let Expectation::Valid { output } = case.expectation else { panic!("{id} is not valid") };
        output
    }

    fn anyone(&self) -> Address {
        self.deployment.key("stranger").address()
    }

    /// What a contract answers, or the reason of its revert.
    async fn call(&self, from: Address, to: Address, call: impl SolCall) -> Result<Bytes, String> {
        let request =
            TransactionRequest::default().from(from).to(to).input(call.abi_encode().into());
        self.rpc.call(request).await.map_err(|error| {
            let data = error.as_error_resp().and_then(|refusal| refusal.as_revert_data());
            format!("{error} {}", data.map(hex::encode).unwrap_or_default())
        })
    }
}

/// A contract that verifies signatures.
struct Judge {
    contract: Address,
    /// Whether it refuses because of the signature.
    refuses: fn(&str) -> bool,
    /// Whether it refuses something else, for which the signature had to be
    /// good.
    refuses_besides: fn(&str) -> bool,
    /// Of which refusals of vectors it decides.
    decides: fn(&str) -> bool,
}

impl Judge {
    /// Holds each case it decides against what it says of the signature;
    /// returns how many these were.
    async fn judge<C: SolCall>(
        &self,
        bench: &Bench,
        name: &str,
        call: impl Fn(&Value) -> Option<(Address, C)>,
    ) -> usize {
        let mut judged = 0;
        for (input, case) in bench.cases(name) {
            let good = match &case.expectation {
                Expectation::Valid { .. } => true,
                Expectation::Invalid { refusal } if (self.decides)(&refusal.0) => false,
                Expectation::Invalid { .. } => continue,
            };
            let Some((from, call)) = call(&input) else { continue };
            let answer = bench.call(from, self.contract, call).await;
            let as_expected = match &answer {
                Err(reason) if good => (self.refuses_besides)(reason),
                Err(reason) => (self.refuses)(reason),
                Ok(_) => good,
            };
            assert!(as_expected, "{}: {answer:?}", case.id);
            judged += 1;
        }
        judged
    }
}

fn address(value: &Value) -> Address {
    value.as_str().unwrap().parse().unwrap()
}

fn word(value: &Value) -> B256 {
    value.as_str().unwrap().parse().unwrap()
}

fn uint(value: &Value) -> U256 {
    U256::from_str_radix(value.as_str().unwrap(), 10).unwrap()
}

fn bytes(value: &Value) -> Bytes {
    value.as_str().unwrap().parse().unwrap()
}

/// What can be sent to a contract at all.
fn about_the_signature(refusal: &str) -> bool {
    refusal == "other-signer" || refusal.starts_with("signature-")
}
