//! `PAYMENT-SIGNATURE`: how a client pays.

use conform402_wire::x402::message::PAYMENT_PAYLOAD;
use serde_json::{Value, json};

use super::message::{
    broken_layers, carried, decode, decode_flags, decode_rules, drops_strangers, encode,
    encode_cases, not_a_number, other_alphabet, sound_layers,
};
use super::misfits::{encode_misfits, misfit, misfits, missing, optional_misfits};
use super::offer::{authorized, network, offer, resource, with};
use crate::cases::Cases;
use crate::deployment::{Deployment, lower};
use crate::level::Level;
use crate::operation::{Bug, Operation};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation {
            name: "x402.payment-signature.decode",
            evaluate: |input, steps| decode(PAYMENT_PAYLOAD, "paymentPayload", input, steps),
            describe: describe_decode,
        },
        Operation {
            name: "x402.payment-signature.encode",
            evaluate: |input, steps| encode(PAYMENT_PAYLOAD, "paymentPayload", input, steps),
            describe: describe_encode,
        },
    ]
}

fn plain(at: &Deployment) -> Value {
    json!({
        "x402Version": 2,
        "resource": resource(),
        "accepted": offer(at),
        "payload": authorized(at),
    })
}

fn about(cases: &mut Cases) {
    cases.profile("x402-v2");
    cases.source(
        "`PAYMENT-SIGNATURE` header containing base64-encoded JSON",
        "x402 specification v2, transport HTTP, \"Payment Payload Transmission\"",
    );
    cases.source(
        "PaymentRequirements object indicating the payment method chosen",
        "x402 specification v2, \"PaymentPayload Schema\"",
    );
    cases.source(
        "accepted: PaymentRequirements; // The chosen payment option from `accepts`",
        "OKX Node SDK Reference (seed 002), \"PaymentPayload\"",
    );
    cases.rule("PaymentPayload: x402Version is the number 2; accepted is an offer; payload is an object of the scheme's; resource, an object with the text url, and extensions, an object, may be absent.");
    cases.rule("An offer: the texts scheme, network (CAIP-2, as x402.network.parse reads it), amount (as amount.base-units.parse reads it), asset and payTo; the number maxTimeoutSeconds; extra, an object, may be absent.");
    cases.rule("What payload holds is for the scheme to judge: no member of it is looked at.");
}

/// Unusual objects, all of them right.
fn others(at: &Deployment) -> Vec<(&'static str, &'static str, Value)> {
    let plain = plain(at);
    let permit2 = json!({
        "signature": format!("0x{}1b", "5a".repeat(64)),
        "permit2Authorization": {
            "from": at.address_of("payer"),
            "permitted": { "token": lower(at.token), "amount": "10000" },
            "spender": lower(at.exact_proxy),
            "nonce": "1027389",
            "deadline": "1893456000",
            "witness": { "to": at.address_of("payee"), "validAfter": "0" },
        },
    });
    let session = "eyJhbGciOiJFZERTQSJ9+/8=";
    let deferred = with(&plain, "/accepted/scheme", "aggr_deferred");
    let deferred = with(&deferred, "/accepted/extra/sessionCert", session);
    vec![
        (
            "least",
            "Without what may be absent.",
            json!({ "x402Version": 2, "accepted": offer(at), "payload": authorized(at) }),
        ),
        (
            "extended",
            "With an extension.",
            with(
                &plain,
                "/extensions",
                json!({ "payment-identifier": { "info": { "id": "7d5d747b" }, "schema": {} } }),
            ),
        ),
        (
            "session-cert",
            "A key that the client adds to extra, as aggr_deferred needs.",
            with(&plain, "/accepted/extra/sessionCert", session),
        ),
        (
            "session-signature",
            "A signature in base64, as a session key makes it.",
            with(
                &deferred,
                "/payload/signature",
                "q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8BI0VniQ==",
            ),
        ),
        (
            "permit2",
            "A payload without an authorization of EIP-3009.",
            with(
                &with(&plain, "/accepted/extra/assetTransferMethod", "permit2"),
                "/payload",
                permit2,
            ),
        ),
        (
            "another-scheme",
            "A payload of a scheme that is not EVM.",
            with(&plain, "/payload", json!({ "transaction": "AQABAgME" })),
        ),
        (
            "empty-payload",
            "Whether a payload suffices is for the scheme to say.",
            with(&plain, "/payload", json!({})),
        ),
    ]
}

fn describe_decode(cases: &mut Cases) {
    cases.summary("Decodes the header with which a client pays.");
    about(cases);
    decode_rules(cases);
    decode_flags(cases);
    cases.flag(
        "AnyVersion",
        "takes an object of another version of x402",
        Bug::forgets(&["other-version"]),
    );
    cases.flag(
        "FirstOfferForNone",
        "takes the server's first offer where the client names none",
        Bug::forgets(&["accepted-is-missing"]),
    );
    cases.flag(
        "NumbersForAmounts",
        "takes amounts as numbers, which lose what a double does not hold, or as people write them",
        Bug::forgets(&["amount-is-no-amount"]),
    );
    cases.flag(
        "KnowsNamesOfExtraOnly",
        "keeps of extra only name and version, and so loses the session's certificate",
        Bug::miswrites(|output| {
            if let Some(Value::Object(extra)) = output.pointer_mut("/paymentPayload/accepted/extra")
            {
                extra.retain(|key, _| matches!(&**key, "name" | "version"));
            }
        }),
    );
    cases.flag(
        "HexadecimalSignatures",
        "refuses a signature that is not 0x and hexadecimal digits, though the scheme has another",
        Bug::refuses(|input| {
            let text = input["field"]
                .as_str()
                .and_then(|field| conform402_wire::x402::message::text_of(field).ok());
            let payload = text.and_then(|text| serde_json::from_str::<Value>(&text).ok());
            let signature =
                payload.as_ref().and_then(|payload| payload.pointer("/payload/signature"));
            signature.and_then(Value::as_str).is_some_and(|signature| !signature.starts_with("0x"))
        }),
    );
    let at = cases.deployment.clone();
    let plain = plain(&at);
    let free = "/resource/description";
    cases.valid("plain", "An ordinary header.", carried(&plain));
    for (name, comment, object) in others(&at) {
        cases.valid(name, comment, carried(&object));
    }
    sound_layers(cases, &plain, free);
    broken_layers(cases, &plain, free);
    other_alphabet(cases, &plain, free);
    not_a_number(cases, &plain, "/accepted/maxTimeoutSeconds");
    cases.invalid(
        "version-1-inside",
        "A payload of v1, which belongs into X-PAYMENT.",
        carried(&json!({
            "x402Version": 1,
            "scheme": "exact",
            "network": network(&at),
            "payload": authorized(&at),
        })),
        "other-version",
    );
    missing(
        cases,
        carried,
        &plain,
        Level::Must,
        &[
            "/accepted",
            "/payload",
            "/accepted/scheme",
            "/accepted/network",
            "/accepted/amount",
            "/accepted/asset",
            "/accepted/payTo",
        ],
    );
    misfits(
        cases,
        carried,
        &plain,
        [
            misfit(
                "version-1",
                "Of the form of v2, and says it is of v1.",
                "/x402Version",
                1,
                "other-version",
            ),
            misfit("accepted-null", "No offer.", "/accepted", Value::Null, "accepted-is-missing"),
            misfit(
                "accepted-as-list",
                "All offers instead of one.",
                "/accepted",
                json!([offer(&at)]),
                "accepted-is-no-object",
            ),
            misfit(
                "payload-as-text",
                "A signature alone.",
                "/payload",
                format!("0x{}", "5a".repeat(65)),
                "payload-is-no-object",
            ),
            misfit(
                "amount-as-number",
                "An amount as a number of JSON.",
                "/accepted/amount",
                10000,
                "amount-is-no-amount",
            ),
            misfit(
                "network-of-version-1",
                "A network by its name in v1.",
                "/accepted/network",
                "base-sepolia",
                "network-is-no-network",
            ),
            misfit(
                "extra-as-text",
                "Text where an object should be.",
                "/accepted/extra",
                "USD Coin",
                "extra-is-no-object",
            ),
            misfit(
                "human-amount",
                "An amount in whole tokens.",
                "/accepted/amount",
                "0.01",
                "amount-is-no-amount",
            )
            .should(),
            misfit(
                "version-as-text",
                "The version as text.",
                "/x402Version",
                "2",
                "x402-version-is-no-number",
            )
            .should(),
        ],
    );
    optional_misfits(
        cases,
        carried,
        &plain,
        [
            ("/resource", json!("https://api.example.com/report"), "object"),
            ("/extensions", json!(["bazaar"]), "object"),
            ("/accepted/extra", json!([at.token_name, at.token_version]), "object"),
        ],
    );
}

fn describe_encode(cases: &mut Cases) {
    cases.summary("Encodes the header with which a client pays.");
    about(cases);
    cases.compared_by("x402.payment-signature.decode");
    drops_strangers(cases, "paymentPayload");
    let at = cases.deployment.clone();
    encode_cases(cases, "paymentPayload", &plain(&at), "/resource/description", &others(&at));
    encode_misfits(
        cases,
        |object| json!({ "paymentPayload": object }),
        &plain(&at),
        &["/accepted", "/accepted/payTo", "/payload"],
        [
            misfit("version-1", "An object of v1.", "/x402Version", 1, "other-version"),
            misfit(
                "payload-as-text",
                "A signature alone.",
                "/payload",
                format!("0x{}", "5a".repeat(65)),
                "payload-is-no-object",
            ),
        ],
    );
}
