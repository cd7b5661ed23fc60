//! The token judges EIP-3009.

use alloy::primitives::B256;
use conform402_chain::Token;
use rstest::rstest;
use serde_json::Value;

use crate::{Bench, Judge, about_the_signature, address, bytes, uint, word};

fn refuses(reason: &str) -> bool {
    reason.contains("invalid signature")
}

/// Who signs away more than there is has signed all the same.
fn refuses_besides(reason: &str) -> bool {
    reason.contains("transfer amount exceeds balance")
}

#[rstest]
#[case(196)]
#[case(31337)]
#[tokio::test]
async fn the_token_judges_its_vectors(#[case] chain_id: u64) {
    let bench = Bench::start(chain_id).await;
    let token = bench.chain.token().domain.contract;
    let anyone = bench.anyone();
    let judge = Judge { contract: token, refuses, refuses_besides, decides: about_the_signature };

    let answer = bench.call(anyone, token, Token::DOMAIN_SEPARATORCall {}).await.unwrap();
    let separator = bench.output("evm.domain.separator.token");
    assert_eq!(B256::from_slice(&answer), word(&separator["domainSeparator"]));

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
    let judged = judge.judge(&bench, "evm.transfer.verify", transfer).await;
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
    let judged = judge.judge(&bench, "evm.receive.verify", receive).await;
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
    let judged = judge.judge(&bench, "evm.cancel.verify", cancel).await;
    assert!(judged >= 20, "{judged}");
}
