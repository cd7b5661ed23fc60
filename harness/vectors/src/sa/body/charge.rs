//! What a seller forwards of a charge.

use serde_json::{Value, json};

use super::credential::{
    about, about_challenge, authorization, challenge, challenge_misfits, forward, other_types,
    payload_misfits, source,
};
use super::{amount_flags, refused, shortened, signature, with, word};
use crate::cases::Cases;
use crate::deployment::Deployment;
use crate::operation::{Bug, Operation};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation {
            name: "sa.body.charge-settle",
            evaluate: |input, steps| forward(input, steps, |parts| parts.charge_settle()),
            describe: describe_settle,
        },
        Operation {
            name: "sa.body.charge-verify-hash",
            evaluate: |input, steps| forward(input, steps, |parts| parts.charge_verify_hash()),
            describe: describe_verify_hash,
        },
    ]
}

fn signed_authorization(at: &Deployment, to: &str, value: &str, nonce: &str) -> Value {
    let signed = authorization(at, to, value, nonce);
    with(&signed, "/signature", signature(at, "payer", nonce).into())
}

/// An authorization absent or broken. Its form is a SHOULD: the SA judges it.
fn authorization_misfits(cases: &mut Cases, plain: &Value) {
    let at = |member: &str| format!("/payload/authorization/{member}");
    refused(
        cases,
        plain,
        ("no-authorization", "A transaction without an authorization."),
        ("/payload/authorization", Value::Null),
        "authorization-is-missing",
    );
    refused(
        cases,
        plain,
        ("authorization-as-text", "A raw transaction instead of an authorization."),
        ("/payload/authorization", format!("0x02f8{}", "ab".repeat(100)).into()),
        "authorization-is-no-object",
    );
    for (name, comment, member, value, reason) in [
        (
            "value-as-number",
            "An amount as a JSON number.",
            "value",
            json!(10_000),
            "value-is-no-uint256",
        ),
        (
            "valid-before-as-number",
            "A time as a JSON number.",
            "validBefore",
            json!(1_893_456_000),
            "valid-before-is-no-uint256",
        ),
        ("no-value", "No amount.", "value", Value::Null, "value-is-missing"),
        ("no-from", "No payer.", "from", Value::Null, "from-is-missing"),
        ("no-nonce", "No nonce.", "nonce", Value::Null, "nonce-is-missing"),
    ] {
        refused(cases, plain, (name, comment), (&at(member), value), reason);
    }
    for (name, comment, member, value, reason) in [
        (
            "value-in-tokens",
            "An amount of whole tokens.",
            "value",
            json!("0.01"),
            "value-is-no-uint256",
        ),
        ("value-negative", "Below zero.", "value", json!("-1"), "value-is-no-uint256"),
        (
            "to-short",
            "An address of 19 bytes.",
            "to",
            json!(format!("0x{}", "11".repeat(19))),
            "to-is-no-address",
        ),
        (
            "nonce-short",
            "A nonce of 31 bytes.",
            "nonce",
            json!(format!("0x{}", "a4".repeat(31))),
            "nonce-is-no-bytes32",
        ),
    ] {
        refused(cases, plain, (name, comment), (&at(member), value), reason).should();
    }
}

fn describe_settle(cases: &mut Cases) {
    cases.summary("The request that settles a charge by the buyer's authorization.");
    cases.source(
        "settle()POST /api/v6/pay/mpp/charge/settle",
        "OKX Python SDK Reference (seed 000), \"Endpoints called\"",
    );
    cases.source(
        "the client signs a separate EIP-3009 for each split (auto-populated in payload.authorization.splits[])",
        "OKX Node SDK Reference (seed 002), \"Splits\"",
    );
    about(cases);
    amount_flags(cases);
    about_challenge(cases);
    cases.rule("Of the payload: type, which is transaction, and authorization, which has from, to, value, validAfter, validBefore, nonce and signature, and may have splits, a list of such objects.");
    cases.rule("Every object has the type eip-3009; whether it is added where it lacks is free.");
    cases.flag(
        "DropsSplits",
        "does not forward the authorizations of splits",
        Bug::miswrites(|output| {
            if let Some(Value::Object(members)) = output.pointer_mut("/body/payload/authorization")
            {
                members.remove("splits");
            }
        }),
    );
    cases.flag(
        "SignatureBeside",
        "looks for the signature beside the authorization, as a session has it",
        Bug::misreads(|input| {
            if let Some(signature) = input.pointer("/payload/signature").cloned() {
                input["payload"]["authorization"]["signature"] = signature;
            }
        }),
    );
    let at = cases.deployment.clone();
    let (payee, other) = (at.address_of("payee"), at.address_of("stranger"));
    let plain = json!({
        "challenge": challenge(&at, "charge"),
        "payload": {
            "type": "transaction",
            "authorization": signed_authorization(&at, &payee, "10000", "a4"),
        },
        "source": source(&at),
    });
    let split = with(
        &with(&plain, "/payload/authorization/value", "7000".into()),
        "/payload/authorization/splits",
        json!([
            signed_authorization(&at, &other, "2000", "a5"),
            signed_authorization(&at, &other, "1000", "a6"),
        ]),
    );
    cases.valid("plain", "A charge.", plain.clone());
    cases.valid("splits", "A charge with two splits, in their order.", split.clone());
    cases.valid(
        "no-expiry",
        "A challenge that never expires.",
        with(&plain, "/challenge/expires", Value::Null),
    );
    cases.valid(
        "realm-past-ascii",
        "A realm outside ASCII.",
        with(&plain, "/challenge/realm", "Käse ₮".into()),
    );
    cases.valid(
        "everything",
        "An amount of 256 bits.",
        with(
            &plain,
            "/payload/authorization/value",
            "115792089237316195423570985008687907853269984665640564039457584007913129639935".into(),
        ),
    );
    cases.valid(
        "past-a-double",
        "An amount that a double rounds.",
        with(&plain, "/payload/authorization/value", "9007199254740993".into()),
    );
    challenge_misfits(cases, &plain);
    payload_misfits(cases, &plain);
    other_types(
        cases,
        &plain,
        &[
            ("hash", "hash", "A payload for the other endpoint."),
            ("permit2", "permit2", "A payload of the other dialect."),
            ("authorization", "authorization", "The other dialect's name for the same."),
            ("capitalized", "Transaction", "A type with a capital."),
        ],
    );
    authorization_misfits(cases, &plain);
    let signed = plain["payload"]["authorization"]["signature"].clone();
    let unsigned = with(&plain, "/payload/authorization/signature", Value::Null);
    cases.invalid(
        "no-signature",
        "An authorization nobody signed.",
        unsigned.clone(),
        "signature-is-missing",
    );
    cases.invalid(
        "signature-beside",
        "The signature beside the authorization, where a session has it.",
        with(&unsigned, "/payload/signature", signed.clone()),
        "signature-is-missing",
    );
    refused(
        cases,
        &plain,
        ("signature-short", "A signature of 64 bytes."),
        ("/payload/authorization/signature", shortened(&signed)),
        "signature-is-no-signature",
    )
    .should();
    let mut half_signed = split.clone();
    if let Some(Value::Object(second)) = half_signed.pointer_mut("/payload/authorization/splits/1")
    {
        second.remove("signature");
    }
    cases.invalid(
        "split-unsigned",
        "The second split is not signed.",
        half_signed,
        "signature-is-missing",
    );
    refused(
        cases,
        &split,
        ("splits-as-object", "Splits that are no list."),
        ("/payload/authorization/splits", split["payload"]["authorization"]["splits"][0].clone()),
        "splits-is-no-array",
    );
    let signature = split["payload"]["authorization"]["splits"][1]["signature"].clone();
    refused(
        cases,
        &split,
        ("split-as-text", "Of the second split the signature alone."),
        ("/payload/authorization/splits/1", signature),
        "splits-is-no-object",
    );
}

fn describe_verify_hash(cases: &mut Cases) {
    cases.summary("The request that verifies a charge the buyer broadcast.");
    cases.source(
        "verify_hash()POST /api/v6/pay/mpp/charge/verifyHash",
        "OKX Python SDK Reference (seed 000), \"Endpoints called\"",
    );
    cases.source(
        "source missing / feePayer conflicts with hash mode / txHash reused",
        "OKX Node SDK Reference (seed 002), \"SA API error code → PaymentError subclass\"",
    );
    about(cases);
    about_challenge(cases);
    cases.rule("Of the payload: type, which is hash, and hash.");
    cases.rule("The source is required, and an empty one is none: a hash alone does not say who pays, and anyone could claim another's transfer.");
    cases.flag(
        "Anonymous",
        "forwards a hash without a source",
        Bug::forgets(&["source-is-missing"]),
    );
    let at = cases.deployment.clone();
    let plain = json!({
        "challenge": challenge(&at, "charge"),
        "payload": { "type": "hash", "hash": word("ab") },
        "source": source(&at),
    });
    cases.valid("plain", "A hash.", plain.clone());
    cases.valid(
        "leading-zeros",
        "A hash that begins with zeros.",
        with(&plain, "/payload/hash", format!("0x0000{}", "ab".repeat(30)).into()),
    );
    cases.valid(
        "no-expiry",
        "A challenge that never expires.",
        with(&plain, "/challenge/expires", Value::Null),
    );
    cases.valid(
        "realm-past-ascii",
        "A realm outside ASCII.",
        with(&plain, "/challenge/realm", "Käse ₮".into()),
    );
    challenge_misfits(cases, &plain);
    payload_misfits(cases, &plain);
    other_types(
        cases,
        &plain,
        &[
            ("transaction", "transaction", "A payload for the other endpoint."),
            ("proof", "proof", "A payload of another method."),
            ("capitals", "HASH", "A type in capitals."),
        ],
    );
    for (name, comment, pointer, value, reason) in [
        ("no-source", "No source.", "/source", Value::Null, "source-is-missing"),
        ("empty-source", "An empty source.", "/source", json!(""), "source-is-missing"),
        ("no-hash", "No hash.", "/payload/hash", Value::Null, "hash-is-missing"),
        (
            "hash-as-list",
            "A list of one hash.",
            "/payload/hash",
            json!([word("ab")]),
            "hash-is-no-bytes32",
        ),
        (
            "source-as-object",
            "A source that is no text.",
            "/source",
            json!({ "address": at.address_of("payer") }),
            "source-is-no-text",
        ),
    ] {
        refused(cases, &plain, (name, comment), (pointer, value), reason);
    }
    cases.invalid(
        "null-source",
        "A source of null.",
        {
            let mut input = plain.clone();
            input["source"] = Value::Null;
            input
        },
        "source-is-missing",
    );
    for (name, comment, value) in [
        ("hash-short", "A hash of 31 bytes.", word("ab")[..64].to_owned()),
        ("hash-long", "A hash of 33 bytes.", word("ab") + "ab"),
        ("hash-unprefixed", "A hash without 0x.", "ab".repeat(32)),
        ("hash-empty", "No characters.", String::new()),
    ] {
        refused(
            cases,
            &plain,
            (name, comment),
            ("/payload/hash", value.into()),
            "hash-is-no-bytes32",
        )
        .should();
    }
}
