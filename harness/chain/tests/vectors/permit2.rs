//! Permit2 judges what it is given with a witness.

use alloy::primitives::{B256, U256};
use alloy::sol;
use conform402_wire::typed_data::{Types, hash_struct};
use rstest::rstest;
use serde_json::Value;

use crate::{Bench, Judge, address, bytes, uint, word};

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

/// `InvalidSigner()`, `InvalidSignature()` and `InvalidSignatureLength()`.
fn refuses(reason: &str) -> bool {
    ["815e1d64", "8baa579f", "4be6321b"].iter().any(|selector| reason.contains(selector))
}

/// It also takes compact and malleable signatures, by design.
fn decides(refusal: &str) -> bool {
    refusal == "other-signer"
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
    let answer = bench.call(bench.anyone(), permit2, Permit2::DOMAIN_SEPARATORCall {}).await;
    let separator = bench.output("evm.domain.separator.permit2");
    assert_eq!(B256::from_slice(&answer.unwrap()), word(&separator["domainSeparator"]));

    let judge = Judge { contract: permit2, refuses, refuses_besides: |_| false, decides };
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
            judge.judge(&bench, name, batch).await
        } else {
            judge.judge(&bench, name, single).await
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
    let judged = judge.judge(&bench, name, single).await;
    assert!(judged >= 8, "{name}: {judged}");
}
