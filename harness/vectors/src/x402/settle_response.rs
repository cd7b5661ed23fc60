//! `PAYMENT-RESPONSE`: what became of a payment.

use conform402_wire::x402::message::SETTLE_RESPONSE;
use serde_json::{Value, json};

use super::message::{
    broken_layers, carried, decode, decode_flags, decode_rules, encode, encode_cases, not_a_number,
    sound_layers,
};
use super::misfits::{encode_misfits, misfit, misfits, missing, optional_misfits};
use super::offer::{network, with};
use crate::cases::Cases;
use crate::deployment::Deployment;
use crate::level::Level;
use crate::operation::{Bug, Operation};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation {
            name: "x402.payment-response.decode",
            evaluate: |input, steps| decode(SETTLE_RESPONSE, "settleResponse", input, steps),
            describe: describe_decode,
        },
        Operation {
            name: "x402.payment-response.encode",
            evaluate: |input, steps| encode(SETTLE_RESPONSE, "settleResponse", input, steps),
            describe: describe_encode,
        },
    ]
}

fn settled(at: &Deployment) -> Value {
    json!({
        "success": true,
        "transaction": format!("0x{}", "7e".repeat(32)),
        "network": network(at),
        "payer": at.address_of("payer"),
    })
}

fn failed(at: &Deployment) -> Value {
    json!({
        "success": false,
        "errorReason": "insufficient_funds",
        "errorMessage": "Not enough of the token",
        "transaction": "",
        "network": network(at),
        "payer": at.address_of("payer"),
    })
}

fn about(cases: &mut Cases) {
    cases.profile("x402-v2");
    cases.source(
        "Servers communicate payment settlement results using the `PAYMENT-RESPONSE` header.",
        "x402 specification v2, transport HTTP, \"Settlement Response Delivery\"",
    );
    cases.source(
        "Blockchain transaction hash (empty string if settlement failed)",
        "x402 specification v2, \"SettlementResponse Schema\"",
    );
    cases.source(
        "transaction: string; // On-chain transaction hash (empty for aggr_deferred)",
        "OKX Node SDK Reference (seed 002), \"SettleResponse\"",
    );
    cases.rule("SettleResponse: success is true or false; transaction is a text, which may be empty; network is a text (CAIP-2, as x402.network.parse reads it). The texts payer, errorReason, errorMessage, status and amount (as amount.base-units.parse reads it) and the object extensions may be absent. It has no x402Version.");
}

/// Unusual objects, all of them right.
fn others(at: &Deployment) -> Vec<(&'static str, &'static str, Value)> {
    let settled = settled(at);
    let pending = with(&with(&settled, "/transaction", ""), "/status", "pending");
    vec![
        ("failed", "A failure has no transaction.", failed(at)),
        (
            "least",
            "Without what may be absent.",
            json!({ "success": true, "transaction": "0x7e", "network": network(at) }),
        ),
        ("pending", "aggr_deferred has no transaction yet.", pending),
        ("settled-status", "The status that OKX adds.", with(&settled, "/status", "success")),
        ("timeout", "Not yet seen on the chain.", with(&settled, "/status", "timeout")),
        ("less", "What upto took in the end.", with(&settled, "/amount", "2350000")),
        (
            "nothing",
            "upto that took nothing needs no transaction.",
            with(&with(&settled, "/amount", "0"), "/transaction", ""),
        ),
        (
            "another-namespace",
            "A transaction that is not 0x and hexadecimal digits.",
            with(
                &with(&settled, "/network", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"),
                "/transaction",
                "5wHu1qwD7q4H8rT1Q2cVdEw8sM7uN6bY4xZ3aK9pLrFt",
            ),
        ),
    ]
}

fn describe_decode(cases: &mut Cases) {
    cases.summary("Decodes the header with which a server says what became of a payment.");
    about(cases);
    decode_rules(cases);
    cases.rule(
        "Whether base64url is taken besides is left open: a dialect writes it in this header.",
    );
    decode_flags(cases);
    cases.flag(
        "NoTransactionNoSettlement",
        "refuses an empty transaction",
        Bug::refuses(|input| {
            let text = input["field"]
                .as_str()
                .and_then(|field| conform402_wire::x402::message::text_of(field).ok());
            text.is_some_and(|text| text.contains("\"transaction\":\"\""))
        }),
    );
    cases.flag(
        "AnyTruth",
        "takes for success what its language takes for true: the text false is one",
        Bug::forgets(&["success-is-no-boolean"]),
    );
    cases.flag(
        "SuccessByStatus",
        "takes the status of HTTP for success where the member is missing",
        Bug::forgets(&["success-is-missing"]),
    );
    cases.flag(
        "KnowsFourMembers",
        "keeps success, transaction, network and payer, and loses why and how much",
        Bug::miswrites(|output| {
            if let Some(Value::Object(members)) = output.get_mut("settleResponse") {
                members.retain(|key, _| {
                    matches!(&**key, "success" | "transaction" | "network" | "payer")
                });
            }
        }),
    );
    let at = cases.deployment.clone();
    let settled = settled(&at);
    let failed = failed(&at);
    let free = "/errorMessage";
    cases.valid("plain", "An ordinary header.", carried(&settled));
    for (name, comment, object) in others(&at) {
        cases.valid(name, comment, carried(&object));
    }
    sound_layers(cases, &failed, free);
    broken_layers(cases, &failed, free);
    let extended = with(&settled, "/extensions", json!({ "fee": 1 }));
    not_a_number(cases, &extended, "/extensions/fee");
    missing(cases, carried, &settled, Level::Must, &["/success", "/transaction", "/network"]);
    misfits(
        cases,
        carried,
        &settled,
        [
            misfit(
                "success-null",
                "Neither success nor failure.",
                "/success",
                Value::Null,
                "success-is-missing",
            ),
            misfit(
                "success-as-text",
                "A text, and true to who asks whether it is empty.",
                "/success",
                "false",
                "success-is-no-boolean",
            ),
            misfit("success-as-number", "A number.", "/success", 1, "success-is-no-boolean"),
            misfit(
                "success-as-status",
                "A text of another protocol.",
                "/success",
                "success",
                "success-is-no-boolean",
            ),
            misfit(
                "transaction-null",
                "None is the empty text.",
                "/transaction",
                Value::Null,
                "transaction-is-missing",
            ),
            misfit(
                "transaction-as-object",
                "A receipt instead of a hash.",
                "/transaction",
                json!({ "hash": "0x7e" }),
                "transaction-is-no-text",
            ),
            misfit(
                "network-as-number",
                "A chain id alone.",
                "/network",
                at.chain_id,
                "network-is-no-network",
            ),
            misfit(
                "amount-as-number",
                "An amount as a number of JSON.",
                "/amount",
                10000,
                "amount-is-no-amount",
            ),
            misfit(
                "network-of-version-1",
                "A network by its name in v1.",
                "/network",
                "base-sepolia",
                "network-is-no-network",
            )
            .should(),
            misfit(
                "human-amount",
                "An amount in whole tokens.",
                "/amount",
                "0.01",
                "amount-is-no-amount",
            )
            .should(),
        ],
    );
    optional_misfits(
        cases,
        carried,
        &settled,
        [
            ("/payer", json!({ "address": at.address_of("payer") }), "text"),
            ("/errorReason", json!(["insufficient_funds"]), "text"),
            ("/errorMessage", json!(402), "text"),
            ("/status", json!(200), "text"),
            ("/extensions", json!(["bazaar"]), "object"),
        ],
    );
}

fn describe_encode(cases: &mut Cases) {
    cases.summary("Encodes the header with which a server says what became of a payment.");
    about(cases);
    cases.compared_by("x402.payment-response.decode");
    cases.flag(
        "KnowsFourMembers",
        "writes success, transaction, network and payer, and loses why and how much",
        Bug::misreads(|input| {
            if let Some(Value::Object(members)) = input.get_mut("settleResponse") {
                members.retain(|key, _| {
                    matches!(&**key, "success" | "transaction" | "network" | "payer")
                });
            }
        }),
    );
    cases.flag(
        "DropsEmptyMembers",
        "leaves out members that are empty, zero or false, and with them the empty transaction of a failure",
        Bug::misreads(|input| {
            if let Some(Value::Object(members)) = input.get_mut("settleResponse") {
                members.retain(|_, value| *value != json!("") && *value != json!(false));
            }
        }),
    );
    let at = cases.deployment.clone();
    let mut others = others(&at);
    others.retain(|(name, _, _)| *name != "failed");
    others.push(("settled", "A success.", settled(&at)));
    encode_cases(cases, "settleResponse", &failed(&at), "/errorMessage", &others);
    encode_misfits(
        cases,
        |object| json!({ "settleResponse": object }),
        &settled(&at),
        &["/success", "/transaction", "/network"],
        [misfit(
            "success-as-text",
            "A text, and true to who asks whether it is empty.",
            "/success",
            "false",
            "success-is-no-boolean",
        )],
    );
}
