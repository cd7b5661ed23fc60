//! Version 1: requirements in the body of a 402, payments in `X-PAYMENT`.

use conform402_wire::x402::message::{V1_PAYMENT_PAYLOAD, V1_PAYMENT_REQUIRED};
use serde_json::{Value, json};

use super::message::{
    broken_layers, carried, decode, decode_flags, decode_rules, encode, encode_cases, not_a_number,
    other_alphabet, refusal, sound_layers,
};
use super::misfits::{encode_misfits, misfit, misfits, missing, optional_misfits};
use super::offer::{authorized, renamed, with, without};
use crate::cases::Cases;
use crate::deployment::{Deployment, lower};
use crate::input::Input;
use crate::level::Level;
use crate::operation::{Bug, Operation, Refusal, Steps};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation {
            name: "x402.v1.payment.decode",
            evaluate: |input, steps| decode(V1_PAYMENT_PAYLOAD, "paymentPayload", input, steps),
            describe: describe_decode,
        },
        Operation {
            name: "x402.v1.payment.encode",
            evaluate: |input, steps| encode(V1_PAYMENT_PAYLOAD, "paymentPayload", input, steps),
            describe: describe_encode,
        },
        Operation {
            name: "x402.v1.payment-required.parse",
            evaluate: parse,
            describe: describe_parse,
        },
    ]
}

fn payment(at: &Deployment) -> Value {
    json!({
        "x402Version": 1,
        "scheme": "exact",
        "network": "base-sepolia",
        "payload": authorized(at),
    })
}

fn about_payment(cases: &mut Cases) {
    cases.profile("x402-v1");
    cases.source(
        "`X-PAYMENT` header containing base64-encoded JSON",
        "x402 specification v1, transport HTTP, \"Payment Payload Transmission\"",
    );
    cases.source(
        "X-PAYMENT is the v1 header",
        "OKX Python SDK Reference (seed 000), \"Header constants and utilities (x402.http)\"",
    );
    cases.rule("PaymentPayload of v1: x402Version is the number 1; scheme and network are texts; payload is an object of the scheme's. The network has a name of v1, such as base-sepolia, of no particular form. No member of payload is looked at.");
}

fn other_payments(at: &Deployment) -> Vec<(&'static str, &'static str, Value)> {
    let plain = payment(at);
    vec![
        ("base", "A network of one word.", with(&plain, "/network", "base")),
        (
            "another-scheme",
            "A payload that is not EVM.",
            with(
                &with(&plain, "/network", "solana"),
                "/payload",
                json!({ "transaction": "AQABAgME" }),
            ),
        ),
    ]
}

fn describe_decode(cases: &mut Cases) {
    cases.summary("Decodes the header with which a client of v1 pays.");
    about_payment(cases);
    decode_rules(cases);
    decode_flags(cases);
    cases.flag(
        "AnyVersion",
        "takes an object of another version of x402",
        Bug::forgets(&["other-version"]),
    );
    let at = cases.deployment.clone();
    let plain = payment(&at);
    let free = "/payload/memo";
    cases.valid("plain", "An ordinary header.", carried(&plain));
    for (name, comment, object) in other_payments(&at) {
        cases.valid(name, comment, carried(&object));
    }
    sound_layers(cases, &plain, free);
    broken_layers(cases, &plain, free);
    other_alphabet(cases, &plain, free);
    not_a_number(cases, &with(&plain, "/payload/fee", 1), "/payload/fee");
    missing(cases, carried, &plain, Level::Must, &["/scheme", "/network", "/payload"]);
    misfits(
        cases,
        carried,
        &plain,
        [
            misfit(
                "version-2",
                "Of the form of v1, and says it is of v2.",
                "/x402Version",
                2,
                "other-version",
            ),
            misfit("version-0", "A version that never was.", "/x402Version", 0, "other-version"),
            misfit("scheme-null", "No scheme.", "/scheme", Value::Null, "scheme-is-missing"),
            misfit(
                "network-as-number",
                "A chain id alone.",
                "/network",
                at.chain_id,
                "network-is-no-text",
            ),
            misfit(
                "payload-as-text",
                "A signature alone.",
                "/payload",
                format!("0x{}", "5a".repeat(65)),
                "payload-is-no-object",
            ),
            misfit("payload-as-list", "A list.", "/payload", json!([]), "payload-is-no-object"),
            misfit(
                "version-as-text",
                "The version as text.",
                "/x402Version",
                "1",
                "x402-version-is-no-number",
            )
            .should(),
        ],
    );
}

fn describe_encode(cases: &mut Cases) {
    cases.summary("Encodes the header with which a client of v1 pays.");
    about_payment(cases);
    cases.compared_by("x402.v1.payment.decode");
    let at = cases.deployment.clone();
    encode_cases(cases, "paymentPayload", &payment(&at), "/payload/memo", &other_payments(&at));
    encode_misfits(
        cases,
        |object| json!({ "paymentPayload": object }),
        &payment(&at),
        &["/scheme", "/payload"],
        [misfit("version-2", "An object of v2.", "/x402Version", 2, "other-version")],
    );
}

fn parse(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let object = V1_PAYMENT_REQUIRED.read(input.text("body")?).map_err(refusal)?;
    let offers = object["accepts"].as_array().map_or(0, Vec::len);
    steps.record("offers", offers);
    Ok(json!({ "paymentRequired": object }))
}

fn in_body(object: &Value) -> Value {
    json!({ "body": object.to_string() })
}

fn describe_parse(cases: &mut Cases) {
    cases.profile("x402-v1");
    cases.summary("Reads the body with which a server of v1 asks for payment.");
    cases.source(
        "HTTP 402 status code with JSON response body",
        "x402 specification v1, transport HTTP, \"Payment Required Signaling\"",
    );
    cases.source(
        "Array of payment requirement objects defining acceptable payment methods",
        "x402 specification v1, \"PaymentRequirementsResponse Schema\"",
    );
    cases.rule("The body is a JSON object: x402Version is the number 1; accepts is a list of offers; error, a text, may be absent. The output is the object as it was read; the step is how many offers it has.");
    cases.rule("An offer of v1: the texts scheme, network (a name of no particular form), maxAmountRequired (as amount.base-units.parse reads it), asset, payTo, resource and description; the number maxTimeoutSeconds; the text mimeType and the objects outputSchema and extra may be absent.");
    cases.rule(
        "A member that is null is as good as absent. Members besides those are the sender's own.",
    );
    flags_of_parse(cases);
    let at = cases.deployment.clone();
    let offer = json!({
        "scheme": "exact",
        "network": "base-sepolia",
        "maxAmountRequired": "10000",
        "asset": lower(at.token),
        "payTo": at.address_of("payee"),
        "resource": "https://api.example.com/report",
        "description": "A report",
        "mimeType": "application/json",
        "maxTimeoutSeconds": 300,
        "extra": { "name": at.token_name, "version": at.token_version },
    });
    let plain =
        json!({ "x402Version": 1, "error": "X-PAYMENT header is required", "accepts": [offer] });
    for (name, comment, object) in [
        ("plain", "An ordinary body.", plain.clone()),
        (
            "past-ascii",
            "Text past ASCII.",
            with(&plain, "/accepts/0/description", "USD₮0, Käse 🧀"),
        ),
        (
            "null-output-schema",
            "The specification's own example has no schema, and says so.",
            with(&plain, "/accepts/0/outputSchema", Value::Null),
        ),
        (
            "output-schema",
            "What the resource answers.",
            with(&plain, "/accepts/0/outputSchema", json!({ "type": "object" })),
        ),
        (
            "no-mime-type",
            "Without what may be absent.",
            without(&without(&plain, "/accepts/0/mimeType"), "/accepts/0/extra"),
        ),
        (
            "several-offers",
            "Offers are in the server's order.",
            with(&plain, "/accepts", json!([offer, with(&offer, "/network", "base")])),
        ),
        (
            "empty-description",
            "A description may say nothing.",
            with(&plain, "/accepts/0/description", ""),
        ),
    ] {
        cases.valid(name, comment, in_body(&object));
    }
    cases.valid(
        "pretty",
        "White space in JSON means nothing.",
        json!({ "body": format!("\r\n{plain:#}\n") }),
    );
    let escaped = with(&plain, "/error", "@").to_string().replace('@', "\\u20ae\\ud83e\\uddc0");
    cases.valid(
        "escaped-past-ascii",
        "Text past ASCII as \\u escapes.",
        json!({ "body": escaped }),
    );
    for (name, comment, body, reason) in [
        ("empty", "No body.", String::new(), "no-json"),
        (
            "page",
            "A page for people.",
            "<!doctype html><title>Payment Required</title>".to_owned(),
            "no-json",
        ),
        ("null", "JSON, and nothing.", "null".to_owned(), "no-object"),
        ("list", "The offers alone.", json!([offer]).to_string(), "no-object"),
        (
            "empty-object",
            "A body of v2, whose requirements are in a header.",
            "{}".to_owned(),
            "x402-version-is-missing",
        ),
        (
            "broken-off",
            "The end of the object is lost.",
            plain.to_string().trim_end_matches('}').to_owned(),
            "no-json",
        ),
    ] {
        cases.invalid(name, comment, json!({ "body": body }), reason);
    }
    let nan = plain.to_string().replace(":300", ":NaN");
    cases.invalid("nan", "NaN is no JSON.", json!({ "body": nan }), "no-json").should();
    missing(
        cases,
        in_body,
        &plain,
        Level::Must,
        &[
            "/accepts",
            "/accepts/0/scheme",
            "/accepts/0/network",
            "/accepts/0/maxAmountRequired",
            "/accepts/0/asset",
            "/accepts/0/payTo",
        ],
    );
    missing(
        cases,
        in_body,
        &plain,
        Level::Should,
        &["/accepts/0/resource", "/accepts/0/description", "/accepts/0/maxTimeoutSeconds"],
    );
    cases.invalid(
        "amount-of-version-2",
        "The amount has the name of v2.",
        in_body(&renamed(&plain, "/accepts/0/maxAmountRequired", "amount")),
        "max-amount-required-is-missing",
    );
    misfits(
        cases,
        in_body,
        &plain,
        [
            misfit(
                "version-2",
                "Of the form of v1, and says it is of v2.",
                "/x402Version",
                2,
                "other-version",
            ),
            misfit(
                "accepts-one",
                "The offer itself instead of a list of offers.",
                "/accepts",
                offer.clone(),
                "accepts-is-no-list",
            ),
            misfit(
                "offer-as-text",
                "An offer that is no object.",
                "/accepts/0",
                "exact",
                "accepts-is-no-list-of-objects",
            ),
            misfit(
                "amount-as-number",
                "An amount as a number of JSON.",
                "/accepts/0/maxAmountRequired",
                10000,
                "max-amount-required-is-no-amount",
            ),
            misfit(
                "resource-of-version-2",
                "The resource as in v2.",
                "/accepts/0/resource",
                json!({ "url": "https://api.example.com/report" }),
                "resource-is-no-text",
            ),
            misfit(
                "human-amount",
                "An amount in whole tokens.",
                "/accepts/0/maxAmountRequired",
                "0.01",
                "max-amount-required-is-no-amount",
            )
            .should(),
        ],
    );
    optional_misfits(
        cases,
        in_body,
        &plain,
        [
            ("/error", json!(402), "text"),
            ("/accepts/0/mimeType", json!(["application/json"]), "text"),
            ("/accepts/0/outputSchema", json!("object"), "object"),
            ("/accepts/0/extra", json!([at.token_name, at.token_version]), "object"),
        ],
    );
}

fn flags_of_parse(cases: &mut Cases) {
    cases.flag(
        "AnyVersion",
        "takes an object of another version of x402",
        Bug::forgets(&["other-version"]),
    );
    cases.flag(
        "SwallowsErrors",
        "goes on with an empty object where the body is none",
        Bug::forgets(&["no-json", "no-object"]),
    );
    cases.flag(
        "ChecksNoMember",
        "takes any JSON object for the one it expects",
        Bug::forgets_all(|reason| reason.ends_with("-is-missing") || reason.contains("-is-no-")),
    );
    cases.flag(
        "NotANumber",
        "takes NaN for JSON, as Python's json does",
        Bug::misreads_text("body", |body| body.replace(":NaN", ":0")),
    );
    cases.flag(
        "RefusesNull",
        "refuses null for what may be absent",
        Bug::refuses(|input| {
            input["body"].as_str().is_some_and(|body| body.contains("\"outputSchema\":null"))
        }),
    );
    cases.flag(
        "NamesOfVersion2",
        "reads the amount by the name it has in v2",
        Bug::misreads_text("body", |body| body.replace("\"amount\"", "\"maxAmountRequired\"")),
    );
    cases.flag(
        "FirstOfferOnly",
        "keeps the first offer and loses the rest",
        Bug::miswrites(|output| {
            if let Some(Value::Array(offers)) = output.pointer_mut("/paymentRequired/accepts") {
                offers.truncate(1);
            }
        }),
    );
}
