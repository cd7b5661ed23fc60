//! What ends a subscription, or a change that is queued.

use alloy::hex;
use alloy::signers::local::PrivateKeySigner;
use conform402_wire::typed_data::{digest, hash_domain, hash_struct};
use serde_json::{Value, json};

use crate::cases::Cases;
use crate::deployment::Deployment;
use crate::operation::Operation;
use crate::signed::{Example, sign, sign_digest, signed_struct, verify};

const CANCEL: [(&str, &str); 1] =
    [("CancelAuth", "uint8 action,bytes32 subId,uint8 initiator,bytes32 nonce,uint64 deadline")];

const PENDING: [(&str, &str); 1] =
    [("PendingChangeCancelAuth", "bytes32 subId,bytes32 newSubId,bytes32 nonce,uint64 deadline")];

pub(crate) fn operations() -> Vec<Operation> {
    let cancel = [
        Operation {
            name: "period.cancel.sign",
            evaluate: |input, steps| sign(&CANCEL, input, steps),
            describe: |cases| {
                cases.summary("Signs a CancelAuth under EIP-712.");
                about_cancel(cases);
                let at = cases.deployment.clone();
                cancelled(&at).sign_cases(cases);
                let key = hex::encode_prefixed(at.key("payer").to_bytes());
                cases.group(json!({ "domain": at.subscription_domain(), "privateKey": key }));
                cases.valid(
                    "by-the-payer",
                    "The payer cancels: initiator 0.",
                    json!({ "message": cancellation("0", "a4", "1893456000") }),
                );
            },
        },
        Operation {
            name: "period.cancel.verify",
            evaluate: |input, steps| verify(&CANCEL, input, steps),
            describe: |cases| {
                cases.summary("Verifies who signed a CancelAuth under EIP-712.");
                about_cancel(cases);
                let at = cases.deployment.clone();
                cancelled(&at).verify_cases(cases);
                let (domain, signer) = (at.subscription_domain(), at.address_of("payer"));
                cases.group(json!({ "domain": domain, "signer": signer }));
                let message = cancellation("0", "a4", "1893456000");
                let signed_by = |role: &str| {
                    let signature = signature(&domain, &message, &at.key(role));
                    json!({ "message": message, "signature": signature })
                };
                let payer = signed_by("payer");
                cases.valid("by-the-payer", "The payer cancels: initiator 0.", payer);
                cases.invalid(
                    "merchant-as-payer",
                    "The merchant signs in the payer's name.",
                    signed_by("payee"),
                    "other-signer",
                );
            },
        },
    ];
    let pending = signed_struct!(
        "period.pending-change-cancel",
        "a PendingChangeCancelAuth",
        PENDING,
        |cases: &mut Cases| {
            cases.source(
                "TypeHash: PendingChangeCancelAuth(bytes32 subId, bytes32 newSubId, bytes32 nonce, uint64 deadline).",
                "OKX Node SDK Reference (seed 002), \"PendingChangeCancelAuth\"",
            );
            cases.source(
                "EIP-712 authorisation to cancel a queued downgrade. Payer only.",
                "OKX Node SDK Reference (seed 002), \"PendingChangeCancelAuth\"",
            );
            about(cases);
        },
        kept
    );
    [cancel, pending].concat()
}

fn about(cases: &mut Cases) {
    cases.source(
        "Domain: (name=\"A2APaySubscription\", version=\"1\", chainId, verifyingContract=subscriptionContract).",
        "OKX Node SDK Reference (seed 002), \"SubscriptionTerms EIP-712 struct\"",
    );
    cases.rule("The seed writes the type with a space behind each comma. What is hashed is the type as EIP-712 writes it, without.");
    cases.rule(
        "Every integer of the input is a decimal string, whatever a payload has on the wire.",
    );
}

fn about_cancel(cases: &mut Cases) {
    cases.source(
        "TypeHash: CancelAuth(uint8 action, bytes32 subId, uint8 initiator, bytes32 nonce, uint64 deadline).",
        "OKX Node SDK Reference (seed 002), \"CancelAuth\"",
    );
    cases.source(
        "EIP-712 cancel authorisation; either payer or merchant may sign.",
        "OKX Node SDK Reference (seed 002), \"CancelAuth\"",
    );
    about(cases);
    cases.rule(
        "action is always 0; initiator is 0 where the payer signs and 1 where the merchant does.",
    );
}

fn subscription(byte: &str) -> String {
    format!("0x{}", byte.repeat(32))
}

fn cancellation(initiator: &str, nonce: &str, deadline: &str) -> Value {
    json!({
        "action": "0",
        "subId": subscription("51"),
        "initiator": initiator,
        "nonce": format!("0x{}", nonce.repeat(32)),
        "deadline": deadline,
    })
}

fn signature(domain: &Value, message: &Value, key: &PrivateKeySigner) -> String {
    let domain = hash_domain(domain).map(|hashed| hashed.hash).unwrap_or_default();
    let message = hash_struct(&CANCEL, message).map(|hashed| hashed.hash).unwrap_or_default();
    hex::encode_prefixed(sign_digest(key, &digest(&domain, &message)))
}

/// The merchant cancels.
fn cancelled(at: &Deployment) -> Example {
    Example {
        types: &CANCEL,
        domain: at.subscription_domain(),
        message: cancellation("1", "a4", "1893456000"),
        others: vec![
            (
                "leading-zeros",
                "A nonce of zeros, which a big integer drops.",
                cancellation("1", "00", "1893456000"),
            ),
            (
                "never",
                "2^64 − 1: it never expires.",
                cancellation("1", "a5", "18446744073709551615"),
            ),
            (
                "past-a-double",
                "A deadline that a double rounds.",
                cancellation("1", "a5", "9007199254740993"),
            ),
        ],
        signer: at.key("payee"),
    }
}

/// The payer keeps its plan.
fn kept(at: &Deployment) -> Example {
    let message = |new: &str, nonce: &str, deadline: &str| {
        json!({
            "subId": subscription("51"),
            "newSubId": subscription(new),
            "nonce": format!("0x{}", nonce.repeat(32)),
            "deadline": deadline,
        })
    };
    Example {
        types: &PENDING,
        domain: at.subscription_domain(),
        message: message("52", "a4", "1893456000"),
        others: vec![
            ("another", "Another change.", message("53", "a5", "1893456000")),
            (
                "leading-zeros",
                "A nonce of zeros, which a big integer drops.",
                message("52", "00", "1893456000"),
            ),
            ("never", "2^64 − 1: it never expires.", message("52", "a4", "18446744073709551615")),
        ],
        signer: at.key("payer"),
    }
}

#[cfg(test)]
mod tests {
    use conform402_wire::typed_data::Types;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::cancel(&CANCEL, cancelled, "0xc25d2b0c", "daeb")]
    #[case::pending(&PENDING, kept, "0x8d27bb29", "a36c")]
    fn a_type_hash(
        #[case] types: &Types,
        #[case] example: fn(&Deployment) -> Example,
        #[case] start: &str,
        #[case] end: &str,
    ) {
        let message = example(&Deployment::default()).message;
        let hash = hash_struct(types, &message).unwrap().type_hash.to_string();
        assert!(hash.starts_with(start) && hash.ends_with(end), "{hash}");
    }
}
