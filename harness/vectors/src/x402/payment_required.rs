//! `PAYMENT-REQUIRED`: what a server asks for.

use conform402_wire::x402::message::PAYMENT_REQUIRED;
use serde_json::{Value, json};

use super::message::{
    broken_layers, carried, decode, decode_flags, decode_rules, drops_strangers, encode,
    encode_cases, not_a_number, other_alphabet, sound_layers,
};
use super::misfits::{encode_misfits, misfit, misfits, missing, optional_misfits};
use super::offer::{offer, renamed, resource, with, without};
use crate::cases::Cases;
use crate::deployment::Deployment;
use crate::level::Level;
use crate::operation::{Bug, Operation};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation {
            name: "x402.payment-required.decode",
            evaluate: |input, steps| decode(PAYMENT_REQUIRED, "paymentRequired", input, steps),
            describe: describe_decode,
        },
        Operation {
            name: "x402.payment-required.encode",
            evaluate: |input, steps| encode(PAYMENT_REQUIRED, "paymentRequired", input, steps),
            describe: describe_encode,
        },
    ]
}

fn plain(at: &Deployment) -> Value {
    json!({ "x402Version": 2, "resource": resource(), "accepts": [offer(at)] })
}

fn about(cases: &mut Cases) {
    cases.profile("x402-v2");
    cases.source(
        "HTTP 402 status code with `PAYMENT-REQUIRED` header",
        "x402 specification v2, transport HTTP, \"Payment Required Signaling\"",
    );
    cases.source(
        "Array of payment requirement objects defining acceptable payment methods",
        "x402 specification v2, \"PaymentRequired Schema\"",
    );
    cases.rule("PaymentRequired: x402Version is the number 2; resource is an object with the text url; accepts is a list of offers; error, text, and extensions, an object, may be absent; so may description and mimeType, texts of the resource.");
    cases.rule("An offer: the texts scheme, network (CAIP-2, as x402.network.parse reads it), amount (as amount.base-units.parse reads it), asset and payTo; the number maxTimeoutSeconds; extra, an object, may be absent.");
}

/// Unusual objects, all of them right.
fn others(at: &Deployment) -> Vec<(&'static str, &'static str, Value)> {
    let plain = plain(at);
    let deferred = with(&offer(at), "/scheme", "aggr_deferred");
    let upto = with(
        &with(&offer(at), "/scheme", "upto"),
        "/extra/facilitatorAddress",
        at.address_of("server"),
    );
    let solana = json!({
        "scheme": "exact",
        "network": "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp",
        "amount": "10000",
        "asset": "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
        "payTo": "CKPKJWNdJEqa81x7CkZ14BVPiY6y16Sxs7owznqtWYp5",
        "maxTimeoutSeconds": 60,
        "extra": { "feePayer": "CKPKJWNdJEqa81x7CkZ14BVPiY6y16Sxs7owznqtWYp5" },
    });
    vec![
        (
            "explained",
            "With the message for people, and an extension.",
            with(
                &with(&plain, "/error", "PAYMENT-SIGNATURE header is required"),
                "/extensions",
                json!({ "bazaar": { "info": { "a": 1 }, "schema": { "type": "object" } } }),
            ),
        ),
        (
            "several-offers",
            "Offers are in the server's order.",
            with(&plain, "/accepts", json!([offer(at), deferred, upto])),
        ),
        (
            "another-namespace",
            "An offer on a network that is not EVM.",
            with(&plain, "/accepts", json!([solana, offer(at)])),
        ),
        (
            "nested-extra",
            "The members of extra are the scheme's, whatever they are.",
            with(
                &plain,
                "/accepts/0/extra/plan",
                json!({ "id": "pro", "tier": 2, "trial": null, "periods": [1, 12] }),
            ),
        ),
        (
            "unlimited",
            "2^256 − 1, past every number.",
            with(
                &plain,
                "/accepts/0/amount",
                "115792089237316195423570985008687907853269984665640564039457584007913129639935",
            ),
        ),
    ]
}

fn describe_decode(cases: &mut Cases) {
    cases.summary("Decodes the header with which a server asks for payment.");
    about(cases);
    decode_rules(cases);
    decode_flags(cases);
    cases.flag(
        "AnyVersion",
        "takes an object of another version of x402",
        Bug::forgets(&["other-version"]),
    );
    cases.flag(
        "NumbersForAmounts",
        "takes amounts as numbers, which lose what a double does not hold, or as people write them",
        Bug::forgets(&["amount-is-no-amount"]),
    );
    cases.flag(
        "NamesOfVersion1",
        "takes networks by the names they have in v1",
        Bug::forgets(&["network-is-no-network"]),
    );
    cases.flag(
        "KnowsNamesOfExtraOnly",
        "keeps of extra only name and version, and so loses what other schemes need",
        Bug::miswrites(|output| {
            if let Some(Value::Array(offers)) = output.pointer_mut("/paymentRequired/accepts") {
                for offer in offers {
                    if let Some(Value::Object(extra)) = offer.get_mut("extra") {
                        extra.retain(|key, _| matches!(&**key, "name" | "version"));
                    }
                }
            }
        }),
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
    not_a_number(cases, &plain, "/accepts/0/maxTimeoutSeconds");
    missing(
        cases,
        carried,
        &plain,
        Level::Must,
        &[
            "/accepts",
            "/accepts/0/scheme",
            "/accepts/0/network",
            "/accepts/0/amount",
            "/accepts/0/asset",
            "/accepts/0/payTo",
            "/accepts/0/maxTimeoutSeconds",
        ],
    );
    missing(cases, carried, &plain, Level::Should, &["/resource", "/resource/url"]);
    cases.invalid(
        "amount-of-version-1",
        "The amount has the name of v1.",
        carried(&renamed(&plain, "/accepts/0/amount", "maxAmountRequired")),
        "amount-is-missing",
    );
    cases.invalid(
        "accepts-one",
        "The offer itself instead of a list of offers.",
        carried(&with(&plain, "/accepts", offer(&at))),
        "accepts-is-no-list",
    );
    misfits(
        cases,
        carried,
        &plain,
        [
            misfit(
                "version-1",
                "An object that says it is of v1.",
                "/x402Version",
                1,
                "other-version",
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
                "/accepts/0/amount",
                10000,
                "amount-is-no-amount",
            ),
            misfit(
                "network-of-version-1",
                "A network by its name in v1.",
                "/accepts/0/network",
                "base-sepolia",
                "network-is-no-network",
            ),
            misfit(
                "extra-as-list",
                "A list where an object should be.",
                "/accepts/0/extra",
                json!(["USD Coin", "2"]),
                "extra-is-no-object",
            ),
            misfit(
                "resource-as-text",
                "The resource as in v1: its url alone.",
                "/resource",
                "https://api.example.com/report",
                "resource-is-no-object",
            ),
            misfit(
                "human-amount",
                "An amount in whole tokens.",
                "/accepts/0/amount",
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
            ("/error", json!(402), "text"),
            ("/extensions", json!(["bazaar"]), "object"),
            ("/resource/description", json!({ "en": "A report" }), "text"),
            ("/resource/mimeType", json!(["application/json"]), "text"),
        ],
    );
}

fn describe_encode(cases: &mut Cases) {
    cases.summary("Encodes the header with which a server asks for payment.");
    about(cases);
    cases.compared_by("x402.payment-required.decode");
    drops_strangers(cases, "paymentRequired");
    let at = cases.deployment.clone();
    let plain = without(&plain(&at), "/error");
    encode_cases(cases, "paymentRequired", &plain, "/resource/description", &others(&at));
    encode_misfits(
        cases,
        |object| json!({ "paymentRequired": object }),
        &plain,
        &["/accepts", "/accepts/0/payTo"],
        [
            misfit("version-1", "An object of v1.", "/x402Version", 1, "other-version"),
            misfit(
                "amount-as-number",
                "An amount as a number of JSON.",
                "/accepts/0/amount",
                10000,
                "amount-is-no-amount",
            ),
            misfit(
                "accepts-one",
                "The offer itself instead of a list of offers.",
                "/accepts",
                offer(&at),
                "accepts-is-no-list",
            ),
        ],
    );
}
