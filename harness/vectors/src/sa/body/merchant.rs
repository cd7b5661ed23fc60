//! What the seller itself signed, and the question for a channel.

use conform402_wire::sa::request::{Withdrawal, status};
use serde_json::{Value, json};

use super::{
    amount_flags, channel_misfits, flags, output, refused, shortened, signature, with, word,
};
use crate::cases::Cases;
use crate::deployment::Deployment;
use crate::operation::{Bug, Operation};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation {
            name: "sa.body.session-settle",
            evaluate: |input, steps| output(Withdrawal::Settle.request(*input), steps),
            describe: |cases| {
                cases.summary("The request that settles the highest voucher of a channel.");
                cases.source(
                    "session_settle()POST /api/v6/pay/mpp/session/settle",
                    "OKX Python SDK Reference (seed 000), \"Endpoints called\"",
                );
                describe(cases, "settle");
            },
        },
        Operation {
            name: "sa.body.session-close",
            evaluate: |input, steps| output(Withdrawal::Close.request(*input), steps),
            describe: |cases| {
                cases.summary("The request that settles a channel and closes it.");
                cases.source(
                    "session_close()POST /api/v6/pay/mpp/session/close",
                    "OKX Python SDK Reference (seed 000), \"Endpoints called\"",
                );
                describe(cases, "close");
            },
        },
        Operation {
            name: "sa.status.path",
            evaluate: |input, steps| output(status(*input), steps),
            describe: describe_status,
        },
    ]
}

/// 2^128 − 1.
const MOST: &str = "340282366920938463463374607431768211455";

/// 2^256 − 1: the deadline that never comes.
const NEVER: &str =
    "115792089237316195423570985008687907853269984665640564039457584007913129639935";

fn example(at: &Deployment) -> Value {
    json!({
        "channelId": word("c1"),
        "cumulativeAmount": "250000",
        "voucherSignature": signature(at, "payer", "voucher"),
        "payeeSignature": signature(at, "payee", "withdrawal"),
        "nonce": "113059749145936325402354257176981405696",
        "deadline": NEVER,
    })
}

fn describe(cases: &mut Cases, action: &'static str) {
    cases.rule(format!("The output is a POST; its body is {{\"payload\": …}}, and nothing beside it. The payload has `action`, which is {action}, and the input's channelId, cumulativeAmount, voucherSignature, payeeSignature, nonce and deadline as they are."));
    cases.rule("cumulativeAmount is a decimal string below 2^128, nonce and deadline are such strings below 2^256; both signatures are 65 bytes in hexadecimal. They are not verified here.");
    cases.rule("Steps: payload is its canonical JSON (JCS).");
    cases.rule("The empty voucherSignature by which one dialect waives a voucher is no case.");
    flags(cases);
    amount_flags(cases);
    cases.flag(
        "FlatBody",
        "writes the members without the payload around them",
        Bug::miswrites(|output| output["body"] = output["body"]["payload"].clone()),
    );
    cases.flag(
        "NoAction",
        "leaves the action out",
        Bug::miswrites(|output| {
            if let Some(Value::Object(payload)) = output.pointer_mut("/body/payload") {
                payload.remove("action");
            }
        }),
    );
    cases.flag(
        "SwapsSignatures",
        "sends the payee's signature as the voucher's",
        Bug::miswrites(|output| {
            if let Some(Value::Object(payload)) = output.pointer_mut("/body/payload") {
                let voucher = payload.remove("voucherSignature").unwrap_or_default();
                let payee = payload.remove("payeeSignature").unwrap_or_default();
                payload.insert("voucherSignature".to_owned(), payee);
                payload.insert("payeeSignature".to_owned(), voucher);
            }
        }),
    );
    let at = cases.deployment.clone();
    let plain = example(&at);
    cases.valid("plain", "A UUID as nonce, and no deadline.", plain.clone());
    for (name, comment, pointer, value) in [
        ("nothing", "Nothing to withdraw.", "/cumulativeAmount", "0"),
        ("past-a-double", "An amount a double rounds.", "/cumulativeAmount", "9007199254740993"),
        ("past-64-bits", "An amount of 65 bits.", "/cumulativeAmount", "18446744073709551616"),
        ("most", "2^128 − 1.", "/cumulativeAmount", MOST),
        ("wide-nonce", "A nonce of 256 bits.", "/nonce", NEVER),
        ("small-nonce", "A nonce of one digit.", "/nonce", "7"),
        ("deadline", "A deadline in an hour.", "/deadline", "1893456000"),
    ] {
        cases.valid(name, comment, with(&plain, pointer, value.into()));
    }
    let past = "340282366920938463463374607431768211456";
    let past_all = "115792089237316195423570985008687907853269984665640564039457584007913129639936";
    for (name, comment, pointer, value, reason) in [
        (
            "amount-as-number",
            "An amount as a JSON number.",
            "/cumulativeAmount",
            json!(250_000),
            "cumulative-amount-is-no-uint128",
        ),
        (
            "amount-past-the-range",
            "2^128.",
            "/cumulativeAmount",
            json!(past),
            "cumulative-amount-is-no-uint128",
        ),
        (
            "amount-negative",
            "Below zero.",
            "/cumulativeAmount",
            json!("-1"),
            "cumulative-amount-is-no-uint128",
        ),
        (
            "amount-in-tokens",
            "An amount of whole tokens.",
            "/cumulativeAmount",
            json!("0.25"),
            "cumulative-amount-is-no-uint128",
        ),
        (
            "amount-hexadecimal",
            "An amount in hexadecimal.",
            "/cumulativeAmount",
            json!("0x3d090"),
            "cumulative-amount-is-no-uint128",
        ),
        (
            "amount-with-exponent",
            "An amount with an exponent.",
            "/cumulativeAmount",
            json!("25e4"),
            "cumulative-amount-is-no-uint128",
        ),
        (
            "amount-empty",
            "No digits.",
            "/cumulativeAmount",
            json!(""),
            "cumulative-amount-is-no-uint128",
        ),
        ("nonce-as-number", "A nonce as a JSON number.", "/nonce", json!(7), "nonce-is-no-uint256"),
        ("nonce-past-the-range", "2^256.", "/nonce", json!(past_all), "nonce-is-no-uint256"),
        (
            "nonce-uuid",
            "A UUID as it is written.",
            "/nonce",
            json!("550e8400-e29b-41d4-a716-446655440000"),
            "nonce-is-no-uint256",
        ),
        (
            "deadline-as-number",
            "A deadline as a JSON number.",
            "/deadline",
            json!(1_893_456_000),
            "deadline-is-no-uint256",
        ),
        (
            "deadline-as-date",
            "A deadline as a date.",
            "/deadline",
            json!("2030-01-01T00:00:00Z"),
            "deadline-is-no-uint256",
        ),
        (
            "voucher-short",
            "A voucher's signature of 64 bytes.",
            "/voucherSignature",
            shortened(&plain["voucherSignature"]),
            "voucher-signature-is-no-signature",
        ),
        (
            "payee-short",
            "A payee's signature of 64 bytes.",
            "/payeeSignature",
            shortened(&plain["payeeSignature"]),
            "payee-signature-is-no-signature",
        ),
        (
            "payee-empty",
            "An empty signature of the payee.",
            "/payeeSignature",
            json!(""),
            "payee-signature-is-no-signature",
        ),
        (
            "no-amount",
            "No amount.",
            "/cumulativeAmount",
            Value::Null,
            "cumulative-amount-is-missing",
        ),
        (
            "no-voucher",
            "No signature of a voucher.",
            "/voucherSignature",
            Value::Null,
            "voucher-signature-is-missing",
        ),
        (
            "no-payee",
            "No signature of the payee.",
            "/payeeSignature",
            Value::Null,
            "payee-signature-is-missing",
        ),
        ("no-nonce", "No nonce.", "/nonce", Value::Null, "nonce-is-missing"),
        ("no-deadline", "No deadline.", "/deadline", Value::Null, "deadline-is-missing"),
    ] {
        refused(cases, &plain, (name, comment), (pointer, value), reason);
    }
    channel_misfits(cases, &plain, "/channelId");
}

fn describe_status(cases: &mut Cases) {
    cases.summary("The request that asks the SA for a channel.");
    cases.source(
        "session_status()GET /api/v6/pay/mpp/session/status?channelId=...",
        "OKX Python SDK Reference (seed 000), \"Endpoints called\"",
    );
    cases.rule("The output has method and path; the id stands in the query as it is given. The path is what OK-ACCESS-SIGN covers.");
    cases.rule("An id is 0x and 64 hexadecimal digits. Whatever else could bring parameters of its own into a signed query.");
    cases.flag(
        "AnyChannel",
        "writes any text into the query, escaped or not",
        Bug::forgets(&["channel-id-is-no-bytes32"]),
    );
    cases.flag(
        "AsksWithoutChannel",
        "asks without an id",
        Bug::forgets(&["channel-id-is-missing"]),
    );
    cases.flag(
        "MendsChannel",
        "cuts whitespace off an id, or puts 0x before it, and so knows one channel by several names",
        Bug::misreads_text("channelId", |text| {
            let text = text.trim();
            if text.len() == 64 { format!("0x{text}") } else { text.to_owned() }
        }),
    );
    cases.flag(
        "DropsLeadingZeros",
        "reads an id as a number and loses its leading zeros",
        Bug::miswrites(|output| {
            if let Some(Value::String(path)) = output.get_mut("path") {
                *path = path.replace("=0x00", "=0x");
            }
        }),
    );
    cases.flag(
        "NamesItOtherwise",
        "names the parameter in snake case",
        Bug::miswrites(|output| {
            if let Some(Value::String(path)) = output.get_mut("path") {
                *path = path.replace("channelId", "channel_id");
            }
        }),
    );
    for (name, comment, id) in [
        ("plain", "An ordinary id.", word("c1")),
        ("digits", "An id without letters.", word("42")),
        ("leading-zeros", "An id that begins with zeros.", format!("0x0000{}", "c1".repeat(30))),
        ("zero", "The id zero.", word("00")),
        ("most", "The highest id.", word("ff")),
    ] {
        cases.valid(name, comment, json!({ "channelId": id }));
    }
    let id = word("c1");
    for (name, comment, value) in [
        ("parameter", "Another parameter behind the id.", json!(format!("{id}&chainIndex=1"))),
        ("second-channel", "A second id behind the first.", json!(format!("{id}&channelId={id}"))),
        ("fragment", "A fragment behind the id.", json!(format!("{id}#"))),
        ("escaped", "An escaped ampersand behind the id.", json!(format!("{id}%26a=1"))),
        ("path", "A way to another endpoint.", json!("../charge/settle")),
        ("line", "A line break behind the id.", json!(format!("{id}\n"))),
        ("space", "A space before the id.", json!(format!(" {id}"))),
        ("short", "31 bytes.", json!(&id[..64])),
        ("odd", "Half a byte short.", json!(&id[..65])),
        ("long", "33 bytes.", json!(format!("{id}c1"))),
        ("unprefixed", "Without 0x.", json!(&id[2..])),
        ("two-prefixes", "0x twice.", json!(format!("0x{id}"))),
        ("no-hexadecimal", "A digit that is none.", json!(id.replace("c1", "g1"))),
        ("address", "An address.", json!(format!("0x{}", "c1".repeat(20)))),
        ("empty", "No characters.", json!("")),
    ] {
        let input = json!({ "channelId": value });
        cases.invalid(name, comment, input, "channel-id-is-no-bytes32").should();
    }
    cases.invalid("absent", "No id.", json!({}), "channel-id-is-missing").should();
}
