//! What the SA says of a channel.

use conform402_wire::sa::channel::ChannelStatus;
use serde_json::{Value, json};

use super::{MOST, PAST, channel, refused, with, written};
use crate::cases::Cases;
use crate::deployment::lower;
use crate::operation::{Bug, Operation};

pub(crate) fn operations() -> Vec<Operation> {
    vec![Operation {
        name: "sa.channel-status.parse",
        evaluate: |input, _| {
            let status = ChannelStatus::parse(input.object("data")?).map_err(refused)?;
            Ok(json!({ "channel": written(&status)? }))
        },
        describe,
    }]
}

fn describe(cases: &mut Cases) {
    cases.summary("Reads what the SA says of a channel.");
    cases.source(
        "sessionStatus: 'OPEN' | 'CLOSING' | 'CLOSED'",
        "OKX Node SDK Reference (seed 002), \"Extension methods: manual settle / status\"",
    );
    cases.source(
        "settledOnChain: string // on-chain settled amount (updated only after settle)",
        "OKX Node SDK Reference (seed 002), \"Extension methods: manual settle / status\"",
    );
    cases.rule("The output's channel has channelId, payer, payee, token, deposit, settledOnChain, sessionStatus, and remainingBalance where the data have it; nothing else. Ids and addresses are written in lower case, amounts as decimal strings.");
    cases.rule("The status is one of the three words, in capitals. Amounts are decimal strings below 2^128. remainingBalance may be absent: the SA once left out what it was computed from. Other members are ignored.");
    cases.flag(
        "AnyCase",
        "takes a status in any case, and so the names of another table for those of the SA",
        Bug::misreads(|input| {
            if let Some(Value::String(status)) = input.pointer_mut("/data/sessionStatus") {
                *status = status.to_uppercase();
            }
        }),
    );
    cases.flag(
        "AnyStatus",
        "takes any status, so that a channel that is no longer open passes for one",
        Bug::forgets(&["session-status-is-unknown"]),
    );
    cases.flag(
        "Defaults",
        "fills in what is absent: a channel of nobody, with a deposit of nothing",
        Bug::forgets_all(|reason| reason.ends_with("-is-missing")),
    );
    cases.flag(
        "TakesMisfits",
        "takes what does not fit its type",
        Bug::forgets_all(|reason| reason.contains("-is-no-")),
    );
    cases.flag(
        "WantsRemainder",
        "refuses a channel whose remaining balance is absent",
        Bug::refuses(|input| input["data"].get("remainingBalance").is_none()),
    );
    cases.flag(
        "DoubleAmounts",
        "reads amounts as doubles, and rounds them",
        Bug::miswrites(|output| {
            for member in ["deposit", "settledOnChain", "remainingBalance"] {
                if let Some(Value::String(units)) = output["channel"].get_mut(member)
                    && units.parse::<u128>().is_ok_and(|units| units > 1 << 53)
                {
                    *units = format!("{:.0}", units.parse::<f64>().unwrap_or_default());
                }
            }
        }),
    );
    cases.flag(
        "Strict",
        "refuses members it does not know",
        Bug::refuses(|input| input["data"].as_object().is_some_and(|data| data.len() > 8)),
    );
    let at = cases.deployment.clone();
    let plain = json!({
        "channelId": channel(),
        "payer": at.address_of("payer"),
        "payee": at.address_of("payee"),
        "token": lower(at.token),
        "deposit": "1000000",
        "settledOnChain": "250000",
        "sessionStatus": "OPEN",
        "remainingBalance": "700000",
    });
    let status = |name: &str| with(&plain, "sessionStatus", name.into());
    for (name, comment, data) in [
        ("open", "An open channel.", plain.clone()),
        ("closing", "A channel whose payer asked for its deposit.", status("CLOSING")),
        ("closed", "A closed channel.", status("CLOSED")),
        (
            "no-remainder",
            "The SA does not say what remains.",
            with(&plain, "remainingBalance", Value::Null),
        ),
        ("nothing-settled", "Nothing was settled.", with(&plain, "settledOnChain", "0".into())),
        ("nothing-left", "Nothing remains.", with(&plain, "remainingBalance", "0".into())),
        (
            "past-a-double",
            "A deposit that a double rounds.",
            with(&plain, "deposit", "9007199254740993".into()),
        ),
        (
            "past-64-bits",
            "A deposit of 65 bits.",
            with(&plain, "deposit", "18446744073709551617".into()),
        ),
        ("most", "2^128 − 1.", with(&plain, "deposit", MOST.into())),
        (
            "checksummed",
            "Addresses with the capitals of EIP-55.",
            with(&plain, "payer", at.key("payer").address().to_checksum(None).into()),
        ),
        (
            "upper-case",
            "An id in upper case: the same bytes.",
            with(&plain, "channelId", channel().replace('c', "C").into()),
        ),
        (
            "cumulative-amount",
            "A member of earlier releases.",
            with(&plain, "cumulativeAmount", "300000".into()),
        ),
    ] {
        cases.valid(name, comment, json!({ "data": data }));
    }
    for (name, comment, value) in [
        ("lower-case", "The name by which an SDK calls its own state.", json!("open")),
        ("capitalized", "A status with one capital.", json!("Closed")),
        ("unknown-status", "A status nobody knows.", json!("PENDING")),
        ("empty-status", "No characters.", json!("")),
        ("spaced-status", "A space behind it.", json!("OPEN ")),
    ] {
        let data = with(&plain, "sessionStatus", value);
        cases.invalid(name, comment, json!({ "data": data }), "session-status-is-unknown");
    }
    for (name, comment, member, value, reason) in [
        (
            "status-as-number",
            "A status as a number.",
            "sessionStatus",
            json!(0),
            "session-status-is-no-text",
        ),
        (
            "deposit-as-number",
            "An amount as a JSON number.",
            "deposit",
            json!(1_000_000),
            "deposit-is-no-uint128",
        ),
        (
            "deposit-in-tokens",
            "An amount of whole tokens.",
            "deposit",
            json!("1.0"),
            "deposit-is-no-uint128",
        ),
        ("deposit-negative", "Below zero.", "deposit", json!("-1"), "deposit-is-no-uint128"),
        (
            "deposit-hexadecimal",
            "An amount in hexadecimal.",
            "deposit",
            json!("0xf4240"),
            "deposit-is-no-uint128",
        ),
        ("deposit-empty", "No digits.", "deposit", json!(""), "deposit-is-no-uint128"),
        (
            "settled-as-number",
            "An amount as a JSON number.",
            "settledOnChain",
            json!(250_000),
            "settled-on-chain-is-no-uint128",
        ),
        (
            "remainder-negative",
            "Less than nothing remains.",
            "remainingBalance",
            json!("-300000"),
            "remaining-balance-is-no-uint128",
        ),
    ] {
        cases.invalid(name, comment, json!({ "data": with(&plain, member, value) }), reason);
    }
    for (name, comment, member, value, reason) in [
        ("deposit-past-the-range", "2^128.", "deposit", json!(PAST), "deposit-is-no-uint128"),
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
        ("payee-empty", "No characters.", "payee", json!(""), "payee-is-no-address"),
        (
            "token-name",
            "A name instead of an address.",
            "token",
            json!("USDT"),
            "token-is-no-address",
        ),
    ] {
        let data = with(&plain, member, value);
        cases.invalid(name, comment, json!({ "data": data }), reason).should();
    }
    for (member, name) in [
        ("channelId", "channel-id"),
        ("payer", "payer"),
        ("payee", "payee"),
        ("token", "token"),
        ("deposit", "deposit"),
        ("settledOnChain", "settled-on-chain"),
        ("sessionStatus", "session-status"),
    ] {
        cases.invalid(
            format!("no-{name}"),
            "A member is absent; nothing may stand in for it.",
            json!({ "data": with(&plain, member, Value::Null) }),
            format!("{name}-is-missing"),
        );
    }
}
