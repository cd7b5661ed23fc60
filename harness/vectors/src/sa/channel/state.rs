//! What a seller stores of a channel.

use alloy::hex;
use alloy::primitives::keccak256;
use conform402_wire::sa::channel::ChannelState;
use serde_json::{Map, Value, json};

use super::{MOST, PAST, channel, refused, with, written};
use crate::cases::Cases;
use crate::deployment::{Deployment, lower};
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, Steps};
use crate::signed::sign_digest;

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation {
            name: "sa.channel-state.parse",
            evaluate: |input, _| {
                let state = ChannelState::parse(input.text("text")?).map_err(refused)?;
                Ok(json!({ "state": written(&state)? }))
            },
            describe: describe_parse,
        },
        Operation {
            name: "sa.channel-state.format",
            evaluate: format_state,
            describe: describe_format,
        },
    ]
}

fn format_state(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let state = ChannelState::read(input.object("state")?).map_err(refused)?;
    let available = state.highest_voucher_amount.checked_sub(state.spent).unwrap_or_default();
    steps.record("available", available.to_string());
    Ok(json!({ "json": written(&state)? }))
}

/// The 65 bytes of a voucher's signature.
fn signature(at: &Deployment) -> Vec<u8> {
    sign_digest(&at.key("payer"), &keccak256("voucher"))
}

fn base64(bytes: &[u8]) -> String {
    conform402_wire::sa::auth::encode(bytes)
}

fn hexadecimal(bytes: &[u8]) -> String {
    hex::encode_prefixed(bytes)
}

/// A channel that was just opened, every member written.
fn opened(at: &Deployment) -> Value {
    json!({
        "channelId": channel(),
        "chainId": at.chain_id,
        "escrowContract": lower(at.escrow),
        "payer": at.address_of("payer"),
        "payee": at.address_of("payee"),
        "token": lower(at.token),
        "authorizedSigner": at.address_of("delegate"),
        "deposit": "1000000",
        "highestVoucherAmount": "0",
        "highestVoucherSignature": "",
        "minVoucherDelta": "100",
        "spent": "0",
        "units": 0,
        "finalized": false,
        "closeRequestedAt": 0,
        "createdAt": "2030-01-01T00:00:00Z",
    })
}

fn used(at: &Deployment) -> Value {
    let mut state = opened(at);
    state["highestVoucherAmount"] = "250000".into();
    state["highestVoucherSignature"] = hexadecimal(&signature(at)).into();
    state["spent"] = "200000".into();
    state["units"] = 2.into();
    state
}

fn about_state(cases: &mut Cases) {
    cases.source(
        "Provides to_dict() / from_dict() (camelCase JSON, cross-language interoperable).",
        "OKX Python SDK Reference (seed 000), \"ChannelState\"",
    );
    cases.source(
        "highest_voucher_amount and spent are both monotonically non-decreasing, with available = highest_voucher_amount - spent",
        "OKX Python SDK Reference (seed 000), \"ChannelState\"",
    );
    cases.rule("A state has channelId, chainId, escrowContract, payer, payee, token, authorizedSigner, deposit, highestVoucherAmount, highestVoucherSignature, minVoucherDelta, spent, units, finalized, closeRequestedAt and createdAt. The first five are required; of the others the defaults are empty text, \"0\" for amounts, 0, and false.");
    cases.rule("Amounts are integers from 0 to 2^128 − 1. chainId, units and closeRequestedAt are JSON integers from 0 up. token and authorizedSigner are addresses or empty, the signature is 65 bytes or empty.");
    cases.rule("No more is spent than the highest voucher allows.");
}

fn describe_parse(cases: &mut Cases) {
    cases.summary("Reads what a seller stored of a channel, by whichever SDK it was written.");
    about_state(cases);
    cases.rule("The output's state has every member, in camel case: amounts as decimal strings, ids, addresses and the signature in lower-case hexadecimal behind 0x.");
    cases.rule("Taken are members in camel or in snake case, amounts as decimal strings or as JSON integers, the signature in hexadecimal or in standard base64. Members nobody knows are ignored.");
    parse_flags(cases);
    let at = cases.deployment.clone();
    let (opened, used) = (opened(&at), used(&at));
    let text = |state: &Value| json!({ "text": state.to_string() });
    cases.valid("opened", "Before the first voucher.", text(&opened));
    cases.valid("used", "After two sales.", text(&used));
    for (name, comment, member, value) in [
        ("finalized", "A channel that ended.", "finalized", json!(true)),
        (
            "close-requested",
            "A channel whose payer asked for its deposit.",
            "closeRequestedAt",
            json!(1_893_456_000),
        ),
        ("no-delegate", "The payer signs vouchers itself.", "authorizedSigner", json!("")),
        ("all-spent", "Nothing is available.", "spent", json!("250000")),
        ("past-a-double", "A deposit that a double rounds.", "deposit", json!("9007199254740993")),
        ("most", "2^128 − 1.", "deposit", json!(MOST)),
        (
            "checksummed",
            "An address with the capitals of EIP-55.",
            "payer",
            json!(at.key("payer").address().to_checksum(None)),
        ),
        ("more-members", "A member of another SDK.", "domainName", json!("EVM Payment Channel")),
    ] {
        cases.valid(name, comment, text(&with(&used, member, value)));
    }
    let required = ["channelId", "chainId", "escrowContract", "payer", "payee"];
    let least: Map<String, Value> =
        required.iter().map(|name| ((*name).to_owned(), opened[*name].clone())).collect();
    cases.valid("least", "Only what has no default.", text(&Value::Object(least)));
    let pretty = serde_json::to_string_pretty(&used).unwrap_or_default();
    cases.valid("pretty", "On several lines.", json!({ "text": pretty }));
    let numbers = ["deposit", "highestVoucherAmount", "minVoucherDelta", "spent"].iter().fold(
        used.clone(),
        |state, name| {
            let units: u64 = state[*name].as_str().and_then(|t| t.parse().ok()).unwrap_or_default();
            with(&state, name, units.into())
        },
    );
    let encoded = base64(&signature(&at));
    for (name, comment, state) in [
        ("numbers", "Amounts as JSON integers, as one SDK writes them.", numbers.clone()),
        (
            "wide-number",
            "An amount as a JSON integer that a double rounds.",
            with(&numbers, "deposit", json!(9_007_199_254_740_993_u64)),
        ),
        (
            "base64",
            "The signature in base64, as one SDK writes it.",
            with(&used, "highestVoucherSignature", encoded.into()),
        ),
        ("snake-case", "Members in snake case, as one SDK writes them.", snake(&used)),
    ] {
        cases.valid(name, comment, text(&state)).should();
    }
    for (name, comment, broken, reason) in [
        ("empty", "An empty file.", String::new(), "text-is-no-json"),
        (
            "cut-short",
            "A file that breaks off, as after a crash.",
            used.to_string()[..200].to_owned(),
            "text-is-no-json",
        ),
        ("list", "A list of one state.", json!([used]).to_string(), "text-is-no-object"),
        ("null", "A file of null.", "null".to_owned(), "text-is-no-object"),
    ] {
        cases.invalid(name, comment, json!({ "text": broken }), reason);
    }
    for (member, name) in
        required.iter().zip(["channel-id", "chain-id", "escrow-contract", "payer", "payee"])
    {
        cases.invalid(
            format!("no-{name}"),
            "A member without a default is absent.",
            text(&with(&used, member, Value::Null)),
            format!("{name}-is-missing"),
        );
    }
    let short = &signature(&at)[..64];
    for (name, comment, member, value, reason) in [
        (
            "deposit-in-tokens",
            "An amount of whole tokens.",
            "deposit",
            json!("1.0"),
            "deposit-is-no-uint128",
        ),
        ("deposit-fraction", "A fraction.", "deposit", json!(0.5), "deposit-is-no-uint128"),
        ("deposit-word", "No digits.", "deposit", json!("unlimited"), "deposit-is-no-uint128"),
        (
            "deposit-true",
            "A boolean; some languages read 1.",
            "deposit",
            json!(true),
            "deposit-is-no-uint128",
        ),
        (
            "spent-hexadecimal",
            "An amount in hexadecimal.",
            "spent",
            json!("0x30d40"),
            "spent-is-no-uint128",
        ),
        (
            "highest-with-exponent",
            "An amount with an exponent.",
            "highestVoucherAmount",
            json!("25e4"),
            "highest-voucher-amount-is-no-uint128",
        ),
        (
            "signature-short",
            "A signature of 64 bytes.",
            "highestVoucherSignature",
            json!(hexadecimal(short)),
            "highest-voucher-signature-is-no-signature",
        ),
        (
            "signature-short-base64",
            "64 bytes in base64.",
            "highestVoucherSignature",
            json!(base64(short)),
            "highest-voucher-signature-is-no-signature",
        ),
    ] {
        cases.invalid(name, comment, text(&with(&used, member, value)), reason);
    }
    for (name, comment, member, value, reason) in [
        (
            "signature-with-two-prefixes",
            "0x twice, as some libraries of hexadecimal take it.",
            "highestVoucherSignature",
            json!(format!("0x{}", hexadecimal(&signature(&at)))),
            "highest-voucher-signature-is-no-signature",
        ),
        ("deposit-negative", "Below zero.", "deposit", json!("-1"), "deposit-is-no-uint128"),
        (
            "deposit-negative-number",
            "Below zero, as a JSON number.",
            "deposit",
            json!(-1),
            "deposit-is-no-uint128",
        ),
        ("deposit-past-the-range", "2^128.", "deposit", json!(PAST), "deposit-is-no-uint128"),
        (
            "overspent",
            "More is spent than vouchers allow.",
            "spent",
            json!("250001"),
            "spent-past-the-vouchers",
        ),
        (
            "channel-short",
            "An id of 31 bytes.",
            "channelId",
            json!(&channel()[..64]),
            "channel-id-is-no-bytes32",
        ),
        (
            "payer-short",
            "An address of 19 bytes.",
            "payer",
            json!(format!("0x{}", "11".repeat(19))),
            "payer-is-no-address",
        ),
        ("units-negative", "Fewer than no sales.", "units", json!(-1), "units-is-no-integer"),
        (
            "finalized-as-text",
            "A boolean as text: \"false\" is true in some languages.",
            "finalized",
            json!("false"),
            "finalized-is-no-boolean",
        ),
    ] {
        cases.invalid(name, comment, text(&with(&used, member, value)), reason).should();
    }
}

fn parse_flags(cases: &mut Cases) {
    cases.flag(
        "TakesMisfits",
        "takes what does not fit its type",
        Bug::forgets_all(|reason| reason.contains("-is-no-") && !reason.starts_with("text-")),
    );
    cases.flag(
        "Defaults",
        "fills in what has no default: a channel of nobody, on no chain",
        Bug::forgets_all(|reason| reason.ends_with("-is-missing")),
    );
    cases.flag(
        "BrokenFileIsNewChannel",
        "takes a file it cannot read for a channel nobody used, and forgets every voucher",
        Bug::forgets_all(|reason| reason.starts_with("text-")),
    );
    cases.flag(
        "Overspent",
        "takes a state in which less than nothing is available",
        Bug::forgets(&["spent-past-the-vouchers"]),
    );
    cases.flag(
        "OnlyItsOwn",
        "reads only what it writes: camel case, decimal strings, hexadecimal",
        Bug::refuses(|input| {
            let text = input["text"].as_str().unwrap_or_default();
            let state: Value = serde_json::from_str(text).unwrap_or_default();
            let signature = state["highestVoucherSignature"].as_str().unwrap_or_default();
            state["deposit"].is_number()
                || state.get("channel_id").is_some()
                || !(signature.is_empty() || signature.starts_with("0x"))
        }),
    );
    cases.flag(
        "DoubleAmounts",
        "reads amounts as doubles, and rounds them",
        Bug::miswrites(|output| {
            if let Some(Value::String(units)) = output["state"].get_mut("deposit")
                && units.parse::<u128>().is_ok_and(|units| units > 1 << 53)
            {
                *units = format!("{:.0}", units.parse::<f64>().unwrap_or_default());
            }
        }),
    );
    for (flag, member, zero, hunts) in [
        (
            "ForgetsSpent",
            "spent",
            json!("0"),
            "does not read what was spent, so that a channel is used twice",
        ),
        (
            "ForgetsVoucher",
            "highestVoucherSignature",
            json!(""),
            "does not read the voucher, without which nothing is withdrawn",
        ),
        ("ForgetsClosing", "closeRequestedAt", json!(0), "does not read that a channel is closing"),
        ("ForgetsEnd", "finalized", json!(false), "does not read that a channel has ended"),
        ("ForgetsDelegate", "authorizedSigner", json!(""), "does not read who signs vouchers"),
    ] {
        cases.flag(
            flag,
            hunts,
            Bug::miswrites(move |output| output["state"][member] = zero.clone()),
        );
    }
}

/// The same members in snake case.
fn snake(state: &Value) -> Value {
    let rename = |name: &String| {
        let lower = |c: char| {
            if c.is_ascii_uppercase() { format!("_{}", c.to_ascii_lowercase()) } else { c.into() }
        };
        name.chars().map(lower).collect::<String>()
    };
    let members = state.as_object().into_iter().flatten();
    Value::Object(members.map(|(name, value)| (rename(name), value.clone())).collect())
}

fn describe_format(cases: &mut Cases) {
    cases.summary("Writes what a seller stores of a channel, so that every SDK reads it.");
    about_state(cases);
    cases.source(
        "deposit is a decimal integer string",
        "OKX Python SDK Reference (seed 000), \"ChannelState\"",
    );
    cases.rule("The input's state is what sa.channel-state.parse reads. The output's json is the JSON value that is stored: every member in camel case, amounts as decimal strings and not as numbers, ids and addresses in lower case, the signature in hexadecimal behind 0x.");
    cases.rule(
        "Readers take a signature in base64 as well, so the cases that have one are a SHOULD.",
    );
    cases.flag(
        "Numbers",
        "writes amounts as JSON numbers, which readers round or refuse",
        Bug::miswrites(|output| {
            for member in ["deposit", "highestVoucherAmount", "minVoucherDelta", "spent"] {
                if let Some(units) =
                    output["json"][member].as_str().and_then(|text| text.parse::<u64>().ok())
                {
                    output["json"][member] = units.into();
                }
            }
        }),
    );
    cases.flag(
        "SnakeCase",
        "writes members in snake case",
        Bug::miswrites(|output| output["json"] = snake(&output["json"])),
    );
    cases.flag(
        "Base64",
        "writes the signature in base64",
        Bug::miswrites(|output| {
            let signature = &mut output["json"]["highestVoucherSignature"];
            let bytes = hex::decode(signature.as_str().unwrap_or_default());
            *signature = base64(&bytes.unwrap_or_default()).into();
        }),
    );
    cases.flag(
        "LeavesOutDefaults",
        "leaves out what is zero, empty or false",
        Bug::miswrites(|output| {
            if let Some(Value::Object(members)) = output.get_mut("json") {
                members.retain(|_, value| {
                    *value != json!("")
                        && *value != json!("0")
                        && *value != json!(0)
                        && *value != json!(false)
                });
            }
        }),
    );
    cases.flag(
        "TakesMisfits",
        "writes a state that no reader takes",
        Bug::forgets_all(|reason| reason.ends_with("-is-missing") || reason.contains("-is-no-")),
    );
    cases.flag(
        "Overspent",
        "writes a state in which less than nothing is available",
        Bug::forgets(&["spent-past-the-vouchers"]),
    );
    let at = cases.deployment.clone();
    let (opened, used) = (opened(&at), used(&at));
    cases.valid("opened", "Before the first voucher.", json!({ "state": opened }));
    for (name, comment, member, value) in [
        ("nothing", "A deposit of nothing.", "deposit", json!("0")),
        ("past-a-double", "A deposit that a double rounds.", "deposit", json!("9007199254740993")),
        ("past-64-bits", "A deposit of 65 bits.", "deposit", json!("18446744073709551616")),
        ("most", "2^128 − 1.", "deposit", json!(MOST)),
        ("no-delegate", "The payer signs vouchers itself.", "authorizedSigner", json!("")),
        ("no-token", "The token is not known.", "token", json!("")),
        ("no-delta", "Every voucher is enough.", "minVoucherDelta", json!("0")),
        (
            "close-requested",
            "The payer asked for its deposit.",
            "closeRequestedAt",
            json!(1_893_456_000),
        ),
        ("finalized", "A channel that ended.", "finalized", json!(true)),
        ("no-creation", "Nobody noted when.", "createdAt", json!("")),
    ] {
        cases.valid(name, comment, json!({ "state": with(&opened, member, value) }));
    }
    for (name, comment, state) in [
        ("used", "After two sales.", used.clone()),
        ("all-spent", "Nothing is available.", with(&used, "spent", "250000".into())),
    ] {
        cases.valid(name, comment, json!({ "state": state })).should();
    }
    for (name, comment, member, value, reason) in [
        ("deposit-negative", "Below zero.", "deposit", json!("-1"), "deposit-is-no-uint128"),
        (
            "deposit-in-tokens",
            "An amount of whole tokens.",
            "deposit",
            json!("1.0"),
            "deposit-is-no-uint128",
        ),
        ("spent-fraction", "A fraction.", "spent", json!("0.5"), "spent-is-no-uint128"),
        ("no-channel", "No id.", "channelId", Value::Null, "channel-id-is-missing"),
        ("no-payer", "No payer.", "payer", Value::Null, "payer-is-missing"),
        (
            "overspent",
            "More is spent than vouchers allow.",
            "spent",
            json!("1"),
            "spent-past-the-vouchers",
        ),
    ] {
        let state = with(&opened, member, value);
        cases.invalid(name, comment, json!({ "state": state }), reason).should();
    }
}
