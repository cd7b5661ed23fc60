//! The contracts as judges of the golden vectors: what a vector calls a good
//! signature, the token or Permit2 takes, and what it calls another signer's,
//! they refuse.
//!
//! The vectors are made for the contracts of the testbed, as a team would make
//! them for its own.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy::hex;
use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::providers::{Provider as _, ProviderBuilder, RootProvider};
use alloy::rpc::types::TransactionRequest;
use alloy::sol;
use alloy::sol_types::SolCall;
use conform402_chain::{AnvilBinary, Chain, ChainOptions, Seed, Token};
use conform402_vectors::{Case, Deployment, Expectation, operation};
use conform402_wire::typed_data::{Types, hash_struct};
use rstest::rstest;
use serde_json::Value;

sol! {
    interface Permit2 {
        struct TokenPermissions { address token; uint256 amount; }
        struct PermitTransferFrom { TokenPermissions permitted; uint256 nonce; uint256 deadline; }
        struct PermitBatchTransferFrom { TokenPermissions[] permitted; uint256 nonce; uint256 deadline; }
        struct SignatureTransferDetails { address to; uint256 requestedAmount; }
        struct PermitDetails { address token; uint160 amount; uint48 expiration; uint48 nonce; }
        struct PermitSingle { PermitDetails details; address spender; uint256 sigDeadline; }

        function DOMAIN_SEPARATOR() external view returns (bytes32);
        function permitWitnessTransferFrom(
            PermitTransferFrom permit,
            SignatureTransferDetails transferDetails,
            address owner,
            bytes32 witness,
            string witnessTypeString,
            bytes signature
        ) external;
        function permitWitnessTransferFrom(
            PermitBatchTransferFrom permit,
            SignatureTransferDetails[] transferDetails,
            address owner,
            bytes32 witness,
            string witnessTypeString,
            bytes signature
        ) external;
        function permit(address owner, PermitSingle permitSingle, bytes signature) external;
    }
}

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
            ..Deployment::default()
        };
        Self { chain, rpc, deployment }
    }

    fn cases(&self, name: &str) -> Vec<(Value, Case)> {
        let file = operation(name).unwrap().file(&self.deployment).unwrap();
        file.cases().map(|(input, case)| (input, case.clone())).collect()
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

    /// Holds each judged case against what the contract says of its signature;
    /// returns how many were judged.
    async fn judge<C: SolCall>(
        &self,
        name: &str,
        contract: Address,
        is_about_the_signature: fn(&str) -> bool,
        judged_reason: fn(&str) -> bool,
        call: impl Fn(&Value) -> Option<(Address, C)>,
    ) -> usize {
        let mut judged = 0;
        for (input, case) in self.cases(name) {
            let good = match &case.expectation {
                Expectation::Valid { .. } => true,
                Expectation::Invalid { refusal } if judged_reason(&refusal.0) => false,
                Expectation::Invalid { .. } => continue,
            };
            let Some((from, call)) = call(&input) else { continue };
            let answer = self.call(from, contract, call).await;
            let as_expected = match &answer {
                // Who signs away more than there is has signed all the same.
                Err(reason) if good => reason.contains("transfer amount exceeds balance"),
                Err(reason) => is_about_the_signature(reason),
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

/// The token says so itself; what it says besides, of balances, comes after.
fn token_refuses(reason: &str) -> bool {
    reason.contains("invalid signature")
}

/// `InvalidSigner()`, `InvalidSignature()` and `InvalidSignatureLength()`.
fn permit2_refuses(reason: &str) -> bool {
    ["815e1d64", "8baa579f", "4be6321b"].iter().any(|selector| reason.contains(selector))
}

/// What can be sent to a contract at all.
fn about_the_signature(refusal: &str) -> bool {
    refusal == "other-signer" || refusal.starts_with("signature-")
}

/// Permit2 also takes compact and malleable signatures, by design.
fn about_the_signer(refusal: &str) -> bool {
    refusal == "other-signer"
}

#[rstest]
#[case(196)]
#[case(31337)]
#[tokio::test]
async fn the_token_judges_its_vectors(#[case] chain_id: u64) {
    let bench = Bench::start(chain_id).await;
    let token = bench.chain.token().domain.contract;
    let anyone = bench.deployment.key("stranger").address();

    let separators: BTreeMap<String, Case> = bench
        .cases("evm.domain.separator")
        .into_iter()
        .map(|(_, case)| (case.id.clone(), case))
        .collect();
    let separator =
        |name: &str| match &separators[&format!("evm.domain.separator.{name}")].expectation {
            Expectation::Valid { output } => word(&output["domainSeparator"]),
            Expectation::Invalid { .. } => B256::ZERO,
        };
    let answer = bench.call(anyone, token, Token::DOMAIN_SEPARATORCall {}).await.unwrap();
    assert_eq!(B256::from_slice(&answer), separator("token"));
    let permit2 = bench.chain.permit2();
    let answer = bench.call(anyone, permit2, Permit2::DOMAIN_SEPARATORCall {}).await.unwrap();
    assert_eq!(B256::from_slice(&answer), separator("permit2"));

    let transfer = |input: &Value| {
        let message = &input["message"];
        Some((
            anyone,
            Token::transferWithAuthorization_0Call {
                from: address(&message["from"]),
                to: address(&message["to"]),
                value: uint(&message["value"]),
                validAfter: uint(&message["validAfter"]),
                validBefore: uint(&message["validBefore"]),
                nonce: word(&message["nonce"]),
                signature: bytes(&input["signature"]),
            },
        ))
    };
    let judged = bench
        .judge("evm.transfer.verify", token, token_refuses, about_the_signature, transfer)
        .await;
    assert!(judged >= 25, "{judged}");

    let receive = |input: &Value| {
        let message = &input["message"];
        Some((
            address(&message["to"]),
            Token::receiveWithAuthorization_0Call {
                from: address(&message["from"]),
                to: address(&message["to"]),
                value: uint(&message["value"]),
                validAfter: uint(&message["validAfter"]),
                validBefore: uint(&message["validBefore"]),
                nonce: word(&message["nonce"]),
                signature: bytes(&input["signature"]),
            },
        ))
    };
    let judged =
        bench.judge("evm.receive.verify", token, token_refuses, about_the_signature, receive).await;
    assert!(judged >= 25, "{judged}");

    let cancel = |input: &Value| {
        let message = &input["message"];
        Some((
            anyone,
            Token::cancelAuthorization_0Call {
                authorizer: address(&message["authorizer"]),
                nonce: word(&message["nonce"]),
                signature: bytes(&input["signature"]),
            },
        ))
    };
    let judged =
        bench.judge("evm.cancel.verify", token, token_refuses, about_the_signature, cancel).await;
    assert!(judged >= 20, "{judged}");
}

/// A witness as Permit2 is told of it: its types, and the end of the type
/// string.
struct Witness {
    operation: &'static str,
    types: &'static Types,
}

impl Witness {
    fn type_string(&self) -> String {
        let (name, members) = self.types[0];
        let token = "TokenPermissions(address token,uint256 amount)";
        let own = format!("{name}({members})");
        let sorted = if name < "TokenPermissions" { own + token } else { token.to_owned() + &own };
        format!("{name} witness){sorted}")
    }
}

const WITNESSES: [Witness; 8] = [
    Witness {
        operation: "evm.permit2-charge.standard.verify",
        types: &[("PaymentWitness", "bytes32 challengeHash,string externalId")],
    },
    Witness {
        operation: "evm.permit2-charge.drafted.verify",
        types: &[("PaymentWitness", "bytes32 challengeHash, string externalId")],
    },
    Witness {
        operation: "evm.permit2-open.verify",
        types: &[("ChannelOpenWitness", "address payee,bytes32 salt,address authorizedSigner")],
    },
    Witness {
        operation: "evm.permit2-top-up.verify",
        types: &[("ChannelTopUpWitness", "bytes32 channelId")],
    },
    Witness {
        operation: "x402.exact-permit2.verify",
        types: &[("Witness", "address to,uint256 validAfter")],
    },
    Witness {
        operation: "x402.upto-permit2.verify",
        types: &[("Witness", "address to,address facilitator,uint256 validAfter")],
    },
    Witness {
        operation: "evm.permit2-split.standard.verify",
        types: &[("PaymentWitness", "bytes32 challengeHash,string externalId")],
    },
    Witness {
        operation: "evm.permit2-split.drafted.verify",
        types: &[("PaymentWitness", "bytes32 challengeHash, string externalId")],
    },
];

#[rstest]
#[case(196)]
#[case(31337)]
#[tokio::test]
async fn permit2_judges_its_vectors(#[case] chain_id: u64) {
    let bench = Bench::start(chain_id).await;
    let permit2 = bench.chain.permit2();
    let payer = bench.deployment.key("payer").address();
    for witness in &WITNESSES {
        let permissions = |value: &Value| Permit2::TokenPermissions {
            token: address(&value["token"]),
            amount: uint(&value["amount"]),
        };
        // Nothing is moved: a transfer of zero needs no allowance.
        let details =
            || Permit2::SignatureTransferDetails { to: payer, requestedAmount: U256::ZERO };
        let hash = |message: &Value| hash_struct(witness.types, &message["witness"]).unwrap().hash;
        let single = |input: &Value| {
            let message = &input["message"];
            Some((
                address(&message["spender"]),
                Permit2::permitWitnessTransferFrom_0Call {
                    permit: Permit2::PermitTransferFrom {
                        permitted: permissions(&message["permitted"]),
                        nonce: uint(&message["nonce"]),
                        deadline: uint(&message["deadline"]),
                    },
                    transferDetails: details(),
                    owner: payer,
                    witness: hash(message),
                    witnessTypeString: witness.type_string(),
                    signature: bytes(&input["signature"]),
                },
            ))
        };
        let batch = |input: &Value| {
            let message = &input["message"];
            let permitted: Vec<_> =
                message["permitted"].as_array().unwrap().iter().map(permissions).collect();
            Some((
                address(&message["spender"]),
                Permit2::permitWitnessTransferFrom_1Call {
                    transferDetails: permitted.iter().map(|_| details()).collect(),
                    permit: Permit2::PermitBatchTransferFrom {
                        permitted,
                        nonce: uint(&message["nonce"]),
                        deadline: uint(&message["deadline"]),
                    },
                    owner: payer,
                    witness: hash(message),
                    witnessTypeString: witness.type_string(),
                    signature: bytes(&input["signature"]),
                },
            ))
        };
        let name = witness.operation;
        let judged = if name.contains("split") {
            bench.judge(name, permit2, permit2_refuses, about_the_signer, batch).await
        } else {
            bench.judge(name, permit2, permit2_refuses, about_the_signer, single).await
        };
        assert!(judged >= 10, "{name}: {judged}");
    }

    let single = |input: &Value| {
        let message = &input["message"];
        let details = &message["details"];
        let permit = Permit2::PermitSingle {
            details: Permit2::PermitDetails {
                token: address(&details["token"]),
                amount: uint(&details["amount"]).to(),
                expiration: uint(&details["expiration"]).to(),
                nonce: uint(&details["nonce"]).to(),
            },
            spender: address(&message["spender"]),
            sigDeadline: uint(&message["sigDeadline"]),
        };
        // Another nonce, or a deadline gone by, is refused before the signature.
        let is_next = details["nonce"] == "0" && message["sigDeadline"] != "0";
        is_next.then_some((
            payer,
            Permit2::permitCall {
                owner: payer,
                permitSingle: permit,
                signature: bytes(&input["signature"]),
            },
        ))
    };
    let name = "period.permit-single.verify";
    let judged = bench.judge(name, permit2, permit2_refuses, about_the_signer, single).await;
    assert!(judged >= 8, "{name}: {judged}");
}
