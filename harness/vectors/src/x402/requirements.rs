//! Which of the server's offers a client accepted.

use conform402_wire::x402::message::OFFER;
use conform402_wire::x402::offer::{TERMS, contradictions, position};
use conform402_wire::x402::schema;
use serde_json::{Value, json};

use super::offer::{network, offer, with, without};
use crate::cases::Cases;
use crate::change::other_than;
use crate::deployment::lower;
use crate::input::{Input, kebab};
use crate::operation::{Bug, Operation, Refusal, Steps, refuse};

pub(crate) fn operations() -> Vec<Operation> {
    vec![Operation { name: "x402.requirements.match", evaluate, describe }]
}

fn evaluate(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let offers = input.array("accepts")?;
    let accepted = input.object("accepted")?.value();
    let members = accepted.as_object().cloned().unwrap_or_default();
    schema::check(OFFER, &members)?;
    let differences: Vec<Value> =
        offers.iter().map(|offer| contradictions(offer, accepted).into()).collect();
    steps.record("differences", differences);
    match position(offers, accepted) {
        Some(index) => Ok(json!({ "index": index })),
        None => refuse("no-offer"),
    }
}

/// Matching by `same` instead.
fn by(input: &Value, same: impl Fn(&Value, &Value) -> bool) -> Result<Value, Refusal> {
    let offers = input["accepts"].as_array().map(Vec::as_slice).unwrap_or_default();
    match offers.iter().position(|offer| same(offer, &input["accepted"])) {
        Some(index) => Ok(json!({ "index": index })),
        None => refuse("no-offer"),
    }
}

fn number(value: &Value) -> Option<u128> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.trim().parse().ok()
}

fn describe(cases: &mut Cases) {
    cases.profile("x402-v2");
    cases.summary("Finds the offer of the server that a client accepted.");
    cases.source(
        "Confirm authorization parameters match the original payment requirements",
        "x402 specification v2, \"Verification Steps\"",
    );
    cases.source(
        "PaymentRequirements object indicating the payment method chosen",
        "x402 specification v2, \"PaymentPayload Schema\"",
    );
    cases.rule("accepts is the server's list of offers, accepted the client's copy of one. The output is the index of the first offer that accepted does not contradict; what is verified and settled is this offer, never the client's copy.");
    cases.rule("accepted contradicts an offer if scheme, network, amount, asset or payTo differ as text, or if extra has a key of the server's with another value. Keys the client adds to extra contradict nothing. asset and payTo of 0x and 40 hexadecimal digits SHOULD be compared without regard to case; those of other forms keep their case.");
    cases.rule("accepted is an offer in its form, as in x402.payment-signature.decode. The step is for each offer the list of members that contradict it, in this order: scheme, network, amount, asset, payTo, extra.");
    cases.rule("Whether extra, or a key of it, may be left out, and whether another maxTimeoutSeconds is taken, is left open.");
    flags(cases);
    let at = cases.deployment.clone();
    let stranger = at.address_of("stranger");
    let cheap = offer(&at);
    let dear = with(&with(&cheap, "/amount", "500000"), "/payTo", at.address_of("server"));
    let deferred = with(&cheap, "/scheme", "aggr_deferred");
    let elsewhere = with(&cheap, "/network", format!("eip155:{}", at.chain_id + 1));
    let permit2 = with(&cheap, "/extra/assetTransferMethod", "permit2");
    let solana = json!({
        "scheme": "exact",
        "network": "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp",
        "amount": "10000",
        "asset": "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
        "payTo": "CKPKJWNdJEqa81x7CkZ14BVPiY6y16Sxs7owznqtWYp5",
        "maxTimeoutSeconds": 300,
    });
    cases.group(json!({ "accepts": [cheap, dear, deferred, elsewhere, solana] }));
    let input = |accepted: &Value| json!({ "accepted": accepted });
    for (name, accepted) in [
        ("first", &cheap),
        ("second", &dear),
        ("other-scheme", &deferred),
        ("other-network", &elsewhere),
        ("other-namespace", &solana),
    ] {
        cases.valid(name, "An offer as the server made it.", input(accepted));
    }
    cases.valid(
        "session-cert",
        "A key that the client adds to extra, as aggr_deferred needs.",
        input(&with(&deferred, "/extra/sessionCert", "eyJhbGciOiJFZERTQSJ9")),
    );
    cases.valid(
        "key-for-none",
        "A key that the client adds where the server has no extra.",
        input(&with(&solana, "/extra", json!({ "memo": "42" }))),
    );
    let shout = |text: String| format!("0x{}", text[2..].to_uppercase());
    for (name, comment, pointer, address) in [
        (
            "checksummed-asset",
            "The token with the capitals of EIP-55.",
            "/asset",
            at.token.to_checksum(None),
        ),
        (
            "checksummed-payee",
            "The payee with the capitals of EIP-55.",
            "/payTo",
            at.key("payee").address().to_checksum(None),
        ),
        ("capital-asset", "The token in capitals.", "/asset", shout(lower(at.token))),
    ] {
        cases.valid(name, comment, input(&with(&cheap, pointer, address))).should();
    }
    for (name, comment, pointer, value) in [
        ("lower-amount", "A base unit less.", "/amount", json!("9999")),
        ("higher-amount", "A base unit more, which nobody asked for.", "/amount", json!("10001")),
        ("no-amount", "Nothing.", "/amount", json!("0")),
        ("another-payee", "A payment to a stranger.", "/payTo", json!(stranger)),
        ("another-asset", "A token that costs nothing.", "/asset", json!(stranger)),
        ("another-scheme", "A scheme that is not offered.", "/scheme", json!("upto")),
        (
            "scheme-in-capitals",
            "The name of a scheme is compared as it is.",
            "/scheme",
            json!("EXACT"),
        ),
        (
            "another-network",
            "A network that is not offered.",
            "/network",
            json!(format!("eip155:{}", at.chain_id + 2)),
        ),
        (
            "payee-and-more",
            "The payee, and a digit more.",
            "/payTo",
            json!(format!("{}0", at.address_of("payee"))),
        ),
    ] {
        cases.invalid(name, comment, input(&with(&cheap, pointer, value)), "no-offer");
    }
    for (name, comment, pointer, value) in [
        ("amount-with-a-zero", "The amount in another spelling.", "/amount", json!("010000")),
        ("amount-as-number", "The amount as a number.", "/amount", json!(10000)),
        ("amount-with-a-space", "The amount, and a space.", "/amount", json!("10000 ")),
    ] {
        cases.invalid(name, comment, input(&with(&cheap, pointer, value)), "amount-is-no-amount");
    }
    for term in TERMS {
        let member = kebab(term);
        cases.invalid(
            format!("no-{}", if term == "amount" { "amount-at-all" } else { &*member }),
            "A member that says what is paid is missing.",
            input(&without(&cheap, &format!("/{term}"))),
            format!("{member}-is-missing"),
        );
    }
    for (name, comment, mixed) in [
        (
            "cheap-for-the-dear",
            "The amount of one offer, to the payee of another.",
            with(&dear, "/amount", "10000"),
        ),
        (
            "dear-to-the-cheap",
            "The payee of one offer, at the amount of another.",
            with(&cheap, "/amount", "500000"),
        ),
        (
            "scheme-of-another",
            "The scheme of one offer, on the network of another.",
            with(&elsewhere, "/scheme", "aggr_deferred"),
        ),
        (
            "network-of-another",
            "The network of one offer, with the asset of another.",
            with(&solana, "/network", network(&at)),
        ),
    ] {
        cases.invalid(name, comment, input(&mixed), "no-offer");
    }
    let other = |key: &str, usual: &str, spare: &str| {
        other_than(&cheap["extra"][key], json!(usual), json!(spare))
    };
    for (name, comment, changed) in [
        (
            "another-domain-name",
            "A key of the server's has another value: the payment is signed under another domain.",
            with(&cheap, "/extra/name", other("name", "Another Coin", "Other Coin")),
        ),
        (
            "another-domain-version",
            "The same for the version.",
            with(&cheap, "/extra/version", other("version", "402", "403")),
        ),
        (
            "another-case-elsewhere",
            "An address that is not of EVM, in another case: another account.",
            with(&solana, "/payTo", "ckpkjwndjeqa81x7ckz14bvpiy6y16sxs7owznqtwyp5"),
        ),
    ] {
        cases.invalid(name, comment, input(&changed), "no-offer").should();
    }
    cases.group(
        json!({ "accepts": [permit2, with(&permit2, "/extra/assetTransferMethod", "eip3009")] }),
    );
    cases
        .valid(
            "told-apart-by-extra",
            "Two offers that only extra tells apart.",
            input(&with(&permit2, "/extra/assetTransferMethod", "eip3009")),
        )
        .should();
    cases.group(json!({ "accepts": [] }));
    cases.invalid("nothing-offered", "The server offers nothing.", input(&cheap), "no-offer");
}

fn flags(cases: &mut Cases) {
    cases.flag(
        "SchemeAndNetwork",
        "looks at scheme and network only, and so lets the client name the amount and the payee",
        Bug::differs(|input| {
            by(input, |offer, accepted| {
                offer["scheme"] == accepted["scheme"] && offer["network"] == accepted["network"]
            })
        }),
    );
    for (flag, term) in [
        ("IgnoresScheme", "scheme"),
        ("IgnoresNetwork", "network"),
        ("IgnoresAmount", "amount"),
        ("IgnoresAsset", "asset"),
        ("IgnoresPayTo", "payTo"),
    ] {
        cases.flag(
            flag,
            format!("does not look at {term}"),
            // The offer's own value, where the other terms single out an offer.
            Bug::misreads(move |input| {
                let offers = input["accepts"].as_array().cloned().unwrap_or_default();
                let accepted = &mut input["accepted"];
                let same = |offer: &Value| {
                    contradictions(offer, accepted).into_iter().all(|other| other == term)
                };
                if let Some(offer) = offers.iter().find(|offer| same(offer)) {
                    accepted[term] = offer[term].clone();
                }
            }),
        );
    }
    cases.flag(
        "IgnoresExtra",
        "does not look at extra: a payment is signed under another domain than the token's",
        Bug::misreads(|input| {
            if let Some(Value::Object(accepted)) = input.get_mut("accepted") {
                accepted.remove("extra");
            }
        }),
    );
    cases.flag(
        "EqualExtra",
        "asks for the server's extra and nothing besides, and so refuses the session's certificate",
        Bug::refuses(|input| {
            let offers = input["accepts"].as_array().map(Vec::as_slice).unwrap_or_default();
            offers.iter().all(|offer| offer["extra"] != input["accepted"]["extra"])
        }),
    );
    cases.flag(
        "AmountAsNumber",
        "compares amounts as numbers, so that one amount has many spellings",
        Bug::misreads(|input| {
            if let Some(amount) = number(&input["accepted"]["amount"]) {
                input["accepted"]["amount"] = amount.to_string().into();
            }
        }),
    );
    cases.flag(
        "AtLeast",
        "takes every amount that suffices",
        Bug::misreads(|input| {
            let (Some(theirs), Some(ours)) =
                (number(&input["accepted"]["amount"]), number(&input["accepts"][0]["amount"]))
            else {
                return;
            };
            if theirs >= ours {
                input["accepted"]["amount"] = ours.to_string().into();
            }
        }),
    );
    cases.flag(
        "EachOfAny",
        "asks for each term whether any offer has it, and so takes the amount of one with the payee of another",
        Bug::differs(|input| {
            let offers = input["accepts"].as_array().map(Vec::as_slice).unwrap_or_default();
            let known = |term: &str| {
                offers.iter().any(|offer| offer[term] == input["accepted"][term])
            };
            if TERMS.iter().all(|term| known(term)) {
                by(input, |offer, accepted| offer["scheme"] == accepted["scheme"])
            } else {
                refuse("no-offer")
            }
        }),
    );
    cases.flag(
        "ExactCase",
        "compares addresses of EVM as text, and so refuses checksums",
        Bug::differs(|input| {
            by(input, |offer, accepted| {
                contradictions(offer, accepted).is_empty()
                    && offer["asset"] == accepted["asset"]
                    && offer["payTo"] == accepted["payTo"]
            })
        }),
    );
    cases.flag(
        "NoCase",
        "compares every text without regard to case, and so takes another account",
        Bug::differs(|input| {
            let lower = |value: &Value| value.to_string().to_lowercase();
            by(input, |offer, accepted| {
                TERMS.iter().all(|term| lower(&offer[*term]) == lower(&accepted[*term]))
            })
        }),
    );
    cases.flag(
        "AbsentMatches",
        "takes a missing member for the server's own",
        Bug::forgets_all(|reason| reason.ends_with("-is-missing")),
    );
    cases.flag(
        "FirstOffer",
        "goes on with its first offer whichever was accepted: the cheap one is settled for the dear one",
        Bug::miswrites(|output| output["index"] = 0.into()),
    );
    cases.flag(
        "NoOfferNeeded",
        "goes on with what the client sent where no offer matches",
        Bug::forgets(&["no-offer"]),
    );
}
