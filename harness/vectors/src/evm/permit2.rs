//! Permit2 signatures of the drafts, which carry a witness.

use conform402_wire::typed_data::Types;
use serde_json::{Value, json};

use crate::cases::Cases;
use crate::deployment::{Deployment, lower};
use crate::operation::Operation;
use crate::signed::{Example, signed_struct};

const TOKEN_PERMISSIONS: (&str, &str) = ("TokenPermissions", "address token,uint256 amount");

/// What EIP-712 makes of the struct.
const STANDARD_WITNESS: (&str, &str) =
    ("PaymentWitness", "bytes32 challengeHash,string externalId");

/// What the draft tells implementations to hash: a space behind the comma.
const DRAFTED_WITNESS: (&str, &str) =
    ("PaymentWitness", "bytes32 challengeHash, string externalId");

const SINGLE: (&str, &str) = (
    "PermitWitnessTransferFrom",
    "TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,PaymentWitness witness",
);

const BATCH: (&str, &str) = (
    "PermitBatchWitnessTransferFrom",
    "TokenPermissions[] permitted,address spender,uint256 nonce,uint256 deadline,PaymentWitness witness",
);

const CHARGE_STANDARD: [(&str, &str); 3] = [SINGLE, STANDARD_WITNESS, TOKEN_PERMISSIONS];
const CHARGE_DRAFTED: [(&str, &str); 3] = [SINGLE, DRAFTED_WITNESS, TOKEN_PERMISSIONS];
const SPLIT_STANDARD: [(&str, &str); 3] = [BATCH, STANDARD_WITNESS, TOKEN_PERMISSIONS];
const SPLIT_DRAFTED: [(&str, &str); 3] = [BATCH, DRAFTED_WITNESS, TOKEN_PERMISSIONS];

const OPEN: [(&str, &str); 3] = [
    (
        "PermitWitnessTransferFrom",
        "TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,ChannelOpenWitness witness",
    ),
    ("ChannelOpenWitness", "address payee,bytes32 salt,address authorizedSigner"),
    TOKEN_PERMISSIONS,
];

const TOP_UP: [(&str, &str); 3] = [
    (
        "PermitWitnessTransferFrom",
        "TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,ChannelTopUpWitness witness",
    ),
    ("ChannelTopUpWitness", "bytes32 channelId"),
    TOKEN_PERMISSIONS,
];

pub(crate) fn operations() -> Vec<Operation> {
    [
        signed_struct!(
            "evm.permit2-charge.standard",
            "a Permit2 payment of a charge, its witness typed as EIP-712 has it",
            CHARGE_STANDARD,
            about_standard,
            |at: &Deployment| charged(at, &CHARGE_STANDARD)
        ),
        signed_struct!(
            "evm.permit2-charge.drafted",
            "a Permit2 payment of a charge, its witness typed to the letter of the draft",
            CHARGE_DRAFTED,
            about_drafted,
            |at: &Deployment| charged(at, &CHARGE_DRAFTED)
        ),
        signed_struct!(
            "evm.permit2-split.standard",
            "a Permit2 payment of a charge with splits, its witness typed as EIP-712 has it",
            SPLIT_STANDARD,
            about_standard,
            |at: &Deployment| split(at, &SPLIT_STANDARD)
        ),
        signed_struct!(
            "evm.permit2-split.drafted",
            "a Permit2 payment of a charge with splits, its witness typed to the letter of the draft",
            SPLIT_DRAFTED,
            about_drafted,
            |at: &Deployment| split(at, &SPLIT_DRAFTED)
        ),
        signed_struct!(
            "evm.permit2-open",
            "the Permit2 deposit that opens a channel",
            OPEN,
            |cases: &mut Cases| {
                cases.profile("ietf");
                cases.source(
                    "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,ChannelOpenWitness witness)",
                    "draft-evm-session-00, \"Permit2 Authorization\"",
                );
                cases.source(
                    "ChannelOpenWitness(address payee,bytes32 salt,address authorizedSigner)",
                    "draft-evm-session-00, \"Permit2 Authorization\"",
                );
            },
            opened
        ),
        signed_struct!(
            "evm.permit2-top-up",
            "the Permit2 deposit that tops a channel up",
            TOP_UP,
            |cases: &mut Cases| {
                cases.profile("ietf");
                cases.source(
                    "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,ChannelTopUpWitness witness)",
                    "draft-evm-session-00, \"Permit2 Authorization\"",
                );
                cases.source(
                    "ChannelTopUpWitness(bytes32 channelId)",
                    "draft-evm-session-00, \"Permit2 Authorization\"",
                );
            },
            topped_up
        ),
    ]
    .concat()
}

fn about_standard(cases: &mut Cases) {
    cases.profile("ietf");
    cases.source(
        "struct PaymentWitness { bytes32 challengeHash; string externalId; }",
        "draft-evm-charge-00, \"Witness Data (Challenge Binding)\"",
    );
    cases.rule(
        "The struct's type is written as EIP-712 writes it, without a space behind the comma.",
    );
}

fn about_drafted(cases: &mut Cases) {
    cases.profile("ietf");
    cases.source(
        "Implementations MUST use the exact type string above when constructing the EIP-712 typed data.",
        "draft-evm-charge-00, \"Witness Data (Challenge Binding)\"",
    );
    cases.rule("The type of the witness is PaymentWitness(bytes32 challengeHash, string externalId), with the draft's space: no EIP-712 library produces it.");
}

fn permission(at: &Deployment, amount: &str) -> Value {
    json!({ "token": lower(at.token), "amount": amount })
}

fn witness(external_id: &str) -> Value {
    json!({ "challengeHash": format!("0x{}", "ce".repeat(32)), "externalId": external_id })
}

/// Who calls Permit2 for a charge: the server.
fn permitted(at: &Deployment, permitted: Value, witness: Value) -> Value {
    json!({
        "permitted": permitted,
        "spender": at.address_of("server"),
        "nonce": "1027389",
        "deadline": "1893456000",
        "witness": witness,
    })
}

fn charged(at: &Deployment, types: &'static Types) -> Example {
    let message = |amount: &str, external_id: &str| {
        permitted(at, permission(at, amount), witness(external_id))
    };
    Example {
        types,
        domain: at.permit2_domain(),
        message: message("10000", "order-1"),
        others: vec![
            ("no-external-id", "Without an external id its text is empty.", message("10000", "")),
            (
                "external-id-past-ascii",
                "An external id outside ASCII is hashed as UTF-8.",
                message("10000", "Käse ₮ 🧀"),
            ),
            (
                "everything",
                "An unlimited amount.",
                message(
                    "115792089237316195423570985008687907853269984665640564039457584007913129639935",
                    "order-1",
                ),
            ),
        ],
        signer: at.key("payer"),
    }
}

fn split(at: &Deployment, types: &'static Types) -> Example {
    let message = |amounts: &[&str]| {
        let permissions = amounts.iter().map(|amount| permission(at, amount)).collect();
        permitted(at, permissions, witness("order-1"))
    };
    Example {
        types,
        domain: at.permit2_domain(),
        message: message(&["7000", "3000"]),
        others: vec![
            (
                "alone",
                "A list of one, which is not the struct without a list.",
                message(&["10000"]),
            ),
            (
                "eleven",
                "The recipient and ten splits.",
                message(&[
                    "9000", "100", "100", "100", "100", "100", "100", "100", "100", "100", "100",
                ]),
            ),
        ],
        signer: at.key("payer"),
    }
}

/// Who calls Permit2 for a channel: the escrow.
fn deposited(at: &Deployment, amount: &str, witness: Value) -> Value {
    json!({
        "permitted": permission(at, amount),
        "spender": lower(at.escrow),
        "nonce": "1027389",
        "deadline": "1893456000",
        "witness": witness,
    })
}

fn opened(at: &Deployment) -> Example {
    let message = |signer: &str| {
        let witness = json!({
            "payee": at.address_of("payee"),
            "salt": format!("0x{}", "5a".repeat(32)),
            "authorizedSigner": signer,
        });
        deposited(at, "1000000", witness)
    };
    Example {
        types: &OPEN,
        domain: at.permit2_domain(),
        message: message(&at.address_of("delegate")),
        others: vec![(
            "no-delegate",
            "An omitted authorizedSigner is the zero address, not the payer.",
            message(&format!("0x{}", "0".repeat(40))),
        )],
        signer: at.key("payer"),
    }
}

fn topped_up(at: &Deployment) -> Example {
    let message = |channel: &str, amount: &str| {
        deposited(at, amount, json!({ "channelId": format!("0x{}", channel.repeat(32)) }))
    };
    Example {
        types: &TOP_UP,
        domain: at.permit2_domain(),
        message: message("c1", "500000"),
        others: vec![("another", "Another channel, another amount.", message("c2", "1"))],
        signer: at.key("payer"),
    }
}
