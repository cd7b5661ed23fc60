//! What a buyer sees of a refusal of the SA. Three operations, one for each
//! dialect: the meanings are common, statuses and problem types are not.

use conform402_wire::Profile;
use conform402_wire::problem::TYPE_BASE;
use conform402_wire::sa::SaCode;
use conform402_wire::sa::code::seen_of_unknown;
use serde_json::{Value, json};

use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, Steps, refuse};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation {
            name: "sa.error.okx-node",
            evaluate: |input, steps| evaluate(Profile::OkxNode, input, steps),
            describe: |cases| describe(Profile::OkxNode, cases),
        },
        Operation {
            name: "sa.error.okx-python",
            evaluate: |input, steps| evaluate(Profile::OkxPython, input, steps),
            describe: |cases| describe(Profile::OkxPython, cases),
        },
        Operation {
            name: "sa.error.okx-rust",
            evaluate: |input, steps| evaluate(Profile::OkxRust, input, steps),
            describe: |cases| describe(Profile::OkxRust, cases),
        },
    ]
}

fn evaluate(profile: Profile, input: &Input<'_>, _: &mut Steps) -> Result<Value, Refusal> {
    let number = input.member("code")?;
    let number = number.as_i64().ok_or_else(|| Refusal::new("code-is-no-integer"))?;
    if number == 0 {
        return refuse("code-is-success");
    }
    let seen = match SaCode::from_number(number) {
        Some(code) => code.seen(profile),
        None => seen_of_unknown(profile),
    };
    let seen = seen.ok_or_else(|| Refusal::new("code-is-unknown"))?;
    Ok(json!({ "status": seen.status, "problem": format!("{TYPE_BASE}{}", seen.problem) }))
}

/// What each code means, by seeds 000 and 002.
const MEANINGS: [(SaCode, &str, &str); 16] = [
    (SaCode::Internal, "internal", "The SA itself failed."),
    (SaCode::InvalidParameter, "invalid-parameter", "A parameter is absent or malformed."),
    (SaCode::UnsupportedChain, "unsupported-chain", "The chain is not supported."),
    (SaCode::PayerBlocked, "payer-blocked", "The payer is on the blacklist."),
    (
        SaCode::InvalidCredential,
        "invalid-credential",
        "The source is absent, a fee payer meets a hash, or a hash is used again.",
    ),
    (SaCode::InvalidSignature, "invalid-signature", "A signature does not verify."),
    (SaCode::SplitSum, "split-sum", "The splits reach the amount."),
    (SaCode::SplitCount, "split-count", "More than ten splits."),
    (SaCode::NotConfirmed, "not-confirmed", "The transaction is not on chain."),
    (SaCode::ChannelClosed, "channel-closed", "The channel is closed."),
    (SaCode::InvalidChallenge, "invalid-challenge", "The challenge is absent or expired."),
    (SaCode::ChannelNotFound, "channel-not-found", "No channel has this id."),
    (SaCode::GracePeriod, "grace-period", "The escrow's grace period is too short."),
    (SaCode::PastDeposit, "past-deposit", "A voucher past the deposit."),
    (SaCode::DeltaTooSmall, "delta-too-small", "A voucher too little above the last."),
    (SaCode::ChannelClosing, "channel-closing", "The channel is closing."),
];

fn describe(profile: Profile, cases: &mut Cases) {
    cases.profile(profile.name());
    cases.summary(
        "The HTTP status and problem type by which a seller tells a buyer of a refusal of the SA.",
    );
    sources(profile, cases);
    cases.rule(format!("The problem is the full URI, {TYPE_BASE} and what the table has."));
    let mut table = Vec::new();
    for (code, ..) in MEANINGS {
        let Some(seen) = code.seen(profile) else { continue };
        table.push(format!("{code}: {} {}", seen.status, seen.problem));
    }
    cases.rule(format!("The table, as code, status and problem: {}.", table.join("; ")));
    cases.rule("Code 0 is a success and no error: it should be refused, as should what is no integer. An SDK that answers an internal error instead sells nothing, either.");
    flags(profile, cases);
    for (code, name, comment) in MEANINGS {
        cases.valid(name, comment, json!({ "code": code.number() }));
    }
    if seen_of_unknown(profile).is_some() {
        for (name, code) in
            [("code-of-tomorrow", 70016), ("other-service", 50011), ("another-number", 99999)]
        {
            cases.valid(name, "A code the table does not have.", json!({ "code": code }));
        }
    }
    cases
        .invalid("success", "A success has no problem.", json!({ "code": 0 }), "code-is-success")
        .should();
    cases.invalid("absent", "No code.", json!({}), "code-is-missing").should();
    cases.invalid("null", "A code of null.", json!({ "code": null }), "code-is-missing").should();
    for (name, comment, code) in [
        ("word", "A word instead of a number.", json!("invalid_signature")),
        ("empty-text", "No characters; some languages read 0.", json!("")),
        ("fraction", "Cut to an integer it would be another code.", json!(70004.5)),
        ("true", "A boolean; some languages read 1.", json!(true)),
        ("list", "A list of one.", json!([70004])),
        ("object", "An object.", json!({ "code": 70004 })),
    ] {
        cases.invalid(name, comment, json!({ "code": code }), "code-is-no-integer").should();
    }
}

fn sources(profile: Profile, cases: &mut Cases) {
    match profile {
        Profile::OkxNode => {
            cases.source(
                "The SDK throws PaymentError subclasses under the top-level mppx Errors namespace; mppx automatically translates them into RFC 9457 ProblemDetails responses.",
                "OKX Node SDK Reference (seed 002), \"Error Handling\"",
            );
            cases.source(
                "| 70014 | Channel in CLOSING state | ChannelClosedError |",
                "OKX Node SDK Reference (seed 002), \"SA API error code → PaymentError subclass\"",
            );
            cases.rule("The seed is silent on codes outside the table, and so are the cases.");
        }
        Profile::OkxPython => {
            cases.source(
                "mpp_evm.errors.map_sa_error(code, msg) maps an SA code to the corresponding EvmPaymentError subclass, defaulting to InternalSAError when there is no match",
                "OKX Python SDK Reference (seed 000), \"SA-API error code mapping\"",
            );
            cases.rule("Every other code is an internal error: 500 internal-error.");
        }
        Profile::OkxRust => {
            cases.source(
                "401 is reserved for authentication failures unrelated to payment",
                "draft-httpauth-payment-00, \"Relationship to 401 Unauthorized\"",
            );
            cases.rule("The table is that of the published crate mpp-evm, but for 70009: the crate says 401 there, which the draft reserves.");
            cases.rule("Every other code is 402 verification-failed.");
        }
        // No operation: sellers of the drafts ask no SA.
        Profile::Ietf => {}
    }
}

fn flags(profile: Profile, cases: &mut Cases) {
    cases.flag(
        "ShiftedTable",
        "has 70005 to 70013 one off, as the tables of earlier releases had",
        Bug::misreads(|input| {
            if let Some(code @ 70005..=70013) = input["code"].as_i64() {
                input["code"] = (code - 1).into();
            }
        }),
    );
    cases.flag(
        "AlwaysPaymentRequired",
        "answers 402 for everything, so that a buyer pays again for what no payment mends",
        Bug::miswrites(|output| output["status"] = 402.into()),
    );
    cases.flag(
        "OneProblem",
        "has one problem type for everything",
        Bug::miswrites(|output| {
            output["problem"] = format!("{TYPE_BASE}verification-failed").into();
        }),
    );
    cases.flag(
        "BareType",
        "writes the problem type without its base",
        Bug::miswrites(|output| {
            if let Some(Value::String(problem)) = output.get_mut("problem") {
                *problem = problem.replace(TYPE_BASE, "");
            }
        }),
    );
    cases.flag(
        "OutsideSession",
        "leaves session/ out of the problem type",
        Bug::miswrites(|output| {
            if let Some(Value::String(problem)) = output.get_mut("problem") {
                *problem = problem.replace("/session/", "/");
            }
        }),
    );
    match profile {
        Profile::OkxNode | Profile::Ietf => {}
        Profile::OkxPython => cases.flag(
            "UnknownAsksToPay",
            "answers 402 for a code it does not know",
            Bug::misreads(|input| {
                if input["code"].as_i64().is_some_and(|code| SaCode::from_number(code).is_none()) {
                    input["code"] = SaCode::InvalidCredential.number().into();
                }
            }),
        ),
        Profile::OkxRust => cases.flag(
            "Unauthorized",
            "answers 401 for an expired challenge, so that a client asks for a password",
            Bug::miswrites(|output| {
                if output["problem"].as_str().is_some_and(|uri| uri.ends_with("payment-expired")) {
                    output["status"] = 401.into();
                }
            }),
        ),
    }
    cases.flag(
        "SuccessIsAnError",
        "makes a problem of a success",
        Bug::forgets(&["code-is-success"]),
    );
    cases.flag(
        "TakesMisfits",
        "makes a problem of what is no code",
        Bug::forgets(&["code-is-missing", "code-is-no-integer"]),
    );
}
