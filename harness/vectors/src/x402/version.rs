//! Which version of x402 a message speaks.

use conform402_wire::x402::version::Version;
use serde_json::{Value, json};

use super::offer::{offer, resource};
use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, Steps, refuse};

pub(crate) fn operations() -> Vec<Operation> {
    vec![Operation { name: "x402.version.detect", evaluate, describe }]
}

fn evaluate(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let headers = input.object("headers")?.value().as_object();
    let names = headers.into_iter().flat_map(|headers| headers.keys()).map(String::as_str);
    let by_header = Version::of_headers(names);
    steps.record("byHeader", by_header.map(Version::number));
    let by_body = input.optional_text("body")?.and_then(Version::of_body);
    steps.record("byBody", by_body.map(Version::number));
    match by_header.or(by_body) {
        Some(version) => Ok(json!({ "version": version.number() })),
        None => refuse("no-x402"),
    }
}

fn describe(cases: &mut Cases) {
    cases.summary("Tells which version of x402 a request or a response speaks.");
    cases.source(
        "PAYMENT-SIGNATURE is the v2 client → server header; X-PAYMENT is the v1 header; PAYMENT-REQUIRED is the server 402 → client header.",
        "OKX Python SDK Reference (seed 000), \"Header constants and utilities (x402.http)\"",
    );
    cases.source(
        "HTTP 402 status code with JSON response body",
        "x402 specification v1, transport HTTP, \"Payment Required Signaling\"",
    );
    cases.source(
        "All x402 protocol information is communicated through headers (`PAYMENT-REQUIRED`, `PAYMENT-SIGNATURE`, `PAYMENT-RESPONSE`).",
        "x402 specification v2, transport HTTP, \"Response Body\"",
    );
    cases.rule("`headers` maps names of header fields, in any case, to their values; `body` is a text that may be absent. A field PAYMENT-REQUIRED, PAYMENT-SIGNATURE or PAYMENT-RESPONSE tells version 2, and goes before the body; else X-PAYMENT or X-PAYMENT-RESPONSE tells version 1; else a body that is a JSON object with the number 1 as x402Version tells version 1. Values of fields are not looked at.");
    cases.rule("The steps are what the fields and the body tell, null where they tell nothing.");
    cases.rule("A body of version 2 without a header, and headers of both versions at once, are left open.");
    flags(cases);
    let at = cases.deployment.clone();
    let version_1 =
        json!({ "x402Version": 1, "error": "X-PAYMENT header is required", "accepts": [] })
            .to_string();
    let version_2 = json!({ "x402Version": 2, "resource": resource(), "accepts": [offer(&at)] });
    let only = |name: &str| json!({ "headers": { name: "eyJ9" } });
    for (name, comment, header) in [
        ("payment-required", "What a server of v2 asks for.", "PAYMENT-REQUIRED"),
        ("payment-signature", "How a client of v2 pays.", "PAYMENT-SIGNATURE"),
        ("payment-response", "What a server of v2 acknowledges.", "PAYMENT-RESPONSE"),
        ("x-payment", "How a client of v1 pays.", "X-PAYMENT"),
        ("x-payment-response", "What a server of v1 acknowledges.", "X-PAYMENT-RESPONSE"),
        ("lower-case", "Names of fields have no case (RFC 9110 §5.1).", "payment-required"),
        ("lower-case-of-version-1", "Nor have those of v1.", "x-payment"),
    ] {
        cases.valid(name, comment, only(header));
    }
    let with_body = |headers: Value, body: &str| json!({ "headers": headers, "body": body });
    let json_type = json!({ "Content-Type": "application/json" });
    cases.valid(
        "body-of-version-1",
        "The body of a 402 of v1.",
        with_body(json_type.clone(), &version_1),
    );
    cases.valid(
        "header-and-its-body",
        "v2 with the requirements in the body besides.",
        with_body(json!({ "PAYMENT-REQUIRED": "eyJ9" }), &version_2.to_string()),
    );
    cases.valid(
        "header-before-body",
        "A server that serves both versions: the header goes first.",
        with_body(json!({ "PAYMENT-REQUIRED": "eyJ9" }), &version_1),
    );
    cases.valid(
        "header-and-empty-body",
        "v2 with the body of the specification's example.",
        with_body(json!({ "PAYMENT-REQUIRED": "eyJ9" }), "{}"),
    );
    cases.valid(
        "header-and-page",
        "v2 with a page for people.",
        with_body(json!({ "Payment-Required": "eyJ9" }), "<!doctype html>"),
    );
    cases.invalid("nothing", "No field and no body.", json!({ "headers": {} }), "no-x402");
    for (name, comment, headers) in [
        (
            "mpp",
            "A challenge of MPP.",
            json!({ "WWW-Authenticate": "Payment id=\"x\", realm=\"r\"" }),
        ),
        ("payment", "A name that no version has.", json!({ "PAYMENT": "eyJ9" })),
        (
            "x-payment-required",
            "A name that no version has.",
            json!({ "X-PAYMENT-REQUIRED": "eyJ9" }),
        ),
        (
            "underscores",
            "Underscores, as in variables of a gateway.",
            json!({ "PAYMENT_SIGNATURE": "eyJ9" }),
        ),
        (
            "longer-name",
            "A name that only begins like one of v2.",
            json!({ "PAYMENT-REQUIRED-BY": "2030-01-01" }),
        ),
        (
            "name-in-a-value",
            "The name in the list of exposed fields.",
            json!({ "Access-Control-Expose-Headers": "PAYMENT-REQUIRED" }),
        ),
    ] {
        cases.invalid(name, comment, json!({ "headers": headers }), "no-x402");
    }
    for (name, comment, body) in [
        ("empty-body", "A body of no bytes.", String::new()),
        ("empty-object", "An object of nothing.", "{}".to_owned()),
        ("null-body", "JSON, and nothing.", "null".to_owned()),
        ("page", "A page for people.", "<!doctype html><p>\"x402Version\": 1</p>".to_owned()),
        ("listed", "A list.", format!("[{version_1}]")),
        ("nested", "The version of something inside.", format!("{{\"error\":{version_1}}}")),
        (
            "problem",
            "Problem details of MPP.",
            json!({ "type": "about:blank", "status": 402 }).to_string(),
        ),
        (
            "version-0",
            "A version that never was.",
            json!({ "x402Version": 0, "accepts": [] }).to_string(),
        ),
        (
            "version-as-flag",
            "True is no number.",
            json!({ "x402Version": true, "accepts": [] }).to_string(),
        ),
        (
            "another-spelling",
            "The name of another member.",
            json!({ "x402version": 1, "accepts": [] }).to_string(),
        ),
    ] {
        cases.invalid(name, comment, with_body(json_type.clone(), &body), "no-x402");
    }
    cases
        .invalid(
            "version-as-text",
            "The version as text.",
            with_body(json_type, &json!({ "x402Version": "1", "accepts": [] }).to_string()),
            "no-x402",
        )
        .should();
}

fn flags(cases: &mut Cases) {
    cases.flag(
        "CaseOfNames",
        "looks for the names of fields in capitals only, which HTTP/2 does not have",
        Bug::misreads(|input| {
            if let Some(Value::Object(headers)) = input.get_mut("headers") {
                headers.retain(|name, _| *name == name.to_uppercase());
            }
        }),
    );
    cases.flag(
        "BodyFirst",
        "believes the body before the header, and so speaks v1 to a server that speaks both",
        Bug::misreads(|input| {
            if input["body"].as_str().and_then(Version::of_body).is_some() {
                input["headers"] = json!({});
            }
        }),
    );
    cases.flag(
        "SearchesTheText",
        "searches the body, or the values of fields, for the name",
        Bug::differs(|input| {
            let text = input.to_string().to_lowercase();
            let holds = |name: &str| text.contains(name);
            if holds("payment-required")
                || holds("payment-signature")
                || holds("payment_signature")
                || holds("\"payment-response")
            {
                Ok(json!({ "version": 2 }))
            } else if holds("x-payment") || holds("x402version") {
                Ok(json!({ "version": 1 }))
            } else {
                refuse("no-x402")
            }
        }),
    );
    cases.flag(
        "AlwaysSomeVersion",
        "falls back to a version where nothing tells one",
        Bug::forgets(&["no-x402"]),
    );
    cases.flag(
        "HeadersOnly",
        "does not look at the body, and so never pays a server of v1",
        Bug::misreads(|input| {
            if let Some(members) = input.as_object_mut() {
                members.remove("body");
            }
        }),
    );
}
