//! The envelope around every answer of the SA.

use conform402_wire::sa::envelope::{NoSuccess, decode};
use serde_json::{Value, json};

use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, Steps};

pub(crate) fn operations() -> Vec<Operation> {
    vec![Operation { name: "sa.envelope.decode", evaluate, describe }]
}

fn evaluate(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    input.integer("status")?;
    match decode(input.text("body")?) {
        Ok(data) => {
            steps.record("code", 0);
            Ok(json!({ "data": data }))
        }
        Err(NoSuccess::Refused(code)) => {
            // Beyond 64 bits JSON readers differ in what they make of it.
            if code.is_i64() {
                steps.record("code", code);
            }
            Err(Refusal::new("refused-by-the-sa"))
        }
        Err(error) => Err(Refusal::new(match error {
            NoSuccess::NotJson(_) => "body-is-no-json",
            NoSuccess::NotObject => "body-is-no-object",
            NoSuccess::NoCode => "code-is-missing",
            NoSuccess::NoData => "data-is-missing",
            NoSuccess::DataKind => "data-is-no-object",
            NoSuccess::CodeKind | NoSuccess::Refused(_) => "code-is-no-integer",
        })),
    }
}

/// What a bug makes of an envelope.
type Rereading = fn(&mut Value);

/// A bug that reads the envelope, if it is an object, as another.
fn reads_as(change: Rereading) -> Bug {
    Bug::misreads_text("body", move |body| {
        let Ok(mut envelope @ Value::Object(_)) = serde_json::from_str::<Value>(body) else {
            return body.to_owned();
        };
        change(&mut envelope);
        envelope.to_string()
    })
}

fn is_falsy(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

fn flags(cases: &mut Cases) {
    let bugs: [(&str, &str, Rereading); 9] = [
        ("IgnoresCode", "does not look at the code: every refusal is a payment", |envelope| {
            envelope["code"] = 0.into()
        }),
        (
            "WordIsSuccess",
            "reads a code that is no number as 0, and so takes a failure for a payment",
            |envelope| {
                if envelope["code"].as_str().is_some_and(|code| code.parse::<u64>().is_err()) {
                    envelope["code"] = 0.into();
                }
            },
        ),
        (
            "FalsyIsSuccess",
            "tests whether the code is truthy: null, false and empty text pass for 0",
            |envelope| {
                if envelope.get("code").is_some_and(is_falsy) {
                    envelope["code"] = 0.into();
                }
            },
        ),
        ("AbsentCodeIsSuccess", "takes 0 for a code that is not there", |envelope| {
            if envelope.get("code").is_none() {
                envelope["code"] = 0.into();
            }
        }),
        (
            "NarrowCode",
            "cuts a code to 32 bits or to an integer, so that a refusal becomes 0",
            |envelope| {
                if let Some(code) = envelope["code"].as_f64() {
                    envelope["code"] = (code.trunc() % 4_294_967_296.0).into();
                    if envelope["code"] == json!(0.0) {
                        envelope["code"] = 0.into();
                    }
                }
            },
        ),
        ("OnlyPositiveRefuses", "takes a code below zero for a success", |envelope| {
            if envelope["code"].as_i64().is_some_and(i64::is_negative) {
                envelope["code"] = 0.into();
            }
        }),
        ("EmptyReceipt", "makes an empty receipt of a success without data", |envelope| {
            if envelope.get("data").is_none_or(is_falsy) {
                envelope["data"] = json!({});
            }
        }),
        ("FirstOfList", "takes the first element of a list for the data", |envelope| {
            if let Some(first) = envelope["data"].get(0) {
                envelope["data"] = first.clone();
            }
        }),
        (
            "OutsideEnvelope",
            "reads the answer itself as data where the envelope's members are absent",
            |envelope| {
                if envelope.get("code").is_none() && envelope.get("data").is_none() {
                    *envelope = json!({ "code": 0, "data": envelope.clone() });
                }
            },
        ),
    ];
    for (flag, hunts, change) in bugs {
        cases.flag(flag, hunts, reads_as(change));
    }
    cases.flag(
        "DataOfAnyKind",
        "takes data that is no object",
        Bug::forgets(&["data-is-no-object"]),
    );
    cases.flag(
        "UnreadableIsSuccess",
        "goes on with an empty receipt after an answer it cannot read",
        Bug::forgets(&["body-is-no-json", "body-is-no-object"]),
    );
    cases.flag(
        "WantsMessage",
        "refuses a success without a message",
        Bug::refuses(|input| !input["body"].as_str().unwrap_or_default().contains("\"msg\"")),
    );
    cases.flag(
        "InnerCode",
        "looks for the code anywhere in the body",
        Bug::misreads_text("body", |body| {
            if body.matches("\"code\"").count() > 1 {
                return body.replace("\"code\":0", "\"code\":70004");
            }
            body.to_owned()
        }),
    );
}

fn describe(cases: &mut Cases) {
    cases.summary("Unwraps the data of an answer of the SA.");
    cases.source(
        "OKX responses are wrapped in {\"code\": 0, \"data\": {...}, \"msg\": \"\"}, which the client unwraps automatically.",
        "OKX Python SDK Reference (seed 000), \"Endpoints called\"",
    );
    cases.source(
        "onError fires on HTTP non-2xx, JSON parse failure, or non-zero business code",
        "OKX Node SDK Reference (seed 002), \"SaApiClient\"",
    );
    cases.rule("A body is a success if it is a JSON object whose `code` is the integer 0 and whose `data` is an object; the output has these data as they are. Whatever is not clearly a success is refused.");
    cases.rule("`msg` and members beside these are ignored.");
    cases.rule("Steps: code is that of a success, or of a refusal by the SA.");
    cases.rule("`status` is that of the answer. It decides nothing here: the dialects differ on an answer that is no 2xx and yet says code 0, and no case has one.");
    cases.rule("A code that is text of digits is no case either: dialects differ.");
    flags(cases);
    let receipt = json!({
        "method": "evm",
        "reference": format!("0x{}", "ab".repeat(32)),
        "status": "success",
        "timestamp": "2030-01-01T00:00:00Z",
        "chainId": cases.deployment.chain_id,
    });
    cases.group(json!({ "status": 200 }));
    let body = |text: &str| json!({ "body": text });
    let answer = |value: Value| json!({ "body": value.to_string() });
    successes(cases, &receipt);
    let with_code = |code: &str| body(&format!(r#"{{"code":{code},"data":{receipt},"msg":""}}"#));
    for (name, comment, code) in [
        ("refused", "A refusal that yet has data.", "70004"),
        ("refused-by-8000", "The SA failed.", "8000"),
        ("refused-by-one", "The least refusal.", "1"),
        ("below-zero", "The SA's code for an unknown error.", "-1"),
        ("past-32-bits", "2^32, which 32 bits cut to 0.", "4294967296"),
        ("past-64-bits", "2^64, which 64 bits cut to 0.", "18446744073709551616"),
    ] {
        cases.invalid(name, comment, with_code(code), "refused-by-the-sa");
    }
    for (name, comment, code) in [
        ("word", "A word: the SA failed before it had a code.", "\"ERR\""),
        ("empty-text", "A code of no characters, which is 0 in some languages.", "\"\""),
        ("null", "A code of null.", "null"),
        ("false", "A code of false, which is 0 in some languages.", "false"),
        ("true", "A code of true.", "true"),
        ("fraction", "A code between 0 and 1.", "0.5"),
        ("empty-list", "A code that is an empty list.", "[]"),
        ("list-of-zero", "A code that is a list of 0.", "[0]"),
        ("object", "A code that is an object.", "{}"),
    ] {
        cases.invalid(format!("code-{name}"), comment, with_code(code), "code-is-no-integer");
    }
    cases
        .invalid(
            "no-code",
            "Without a code nothing says that this is a success.",
            answer(json!({ "data": receipt, "msg": "" })),
            "code-is-missing",
        )
        .should();
    cases
        .invalid(
            "no-envelope",
            "A receipt without an envelope.",
            answer(receipt.clone()),
            "code-is-missing",
        )
        .should();
    for (name, comment, text) in [
        ("null-data", "A success of null.", r#"{"code":0,"data":null,"msg":""}"#),
        ("no-data", "A success without data.", r#"{"code":0,"msg":""}"#),
    ] {
        cases.invalid(name, comment, body(text), "data-is-missing");
    }
    for (name, comment, data) in [
        ("data-empty-list", "Data that are an empty list.", json!([])),
        ("data-list", "Data that are a list of one receipt.", json!([receipt])),
        ("data-empty-text", "Data that are no characters.", json!("")),
        ("data-as-text", "Data that are JSON within text.", json!(receipt.to_string())),
        ("data-false", "Data that are false.", json!(false)),
        ("data-zero", "Data that are 0.", json!(0)),
    ] {
        let input = answer(json!({ "code": 0, "data": data, "msg": "" }));
        cases.invalid(name, comment, input, "data-is-no-object");
    }
    let cut = json!({ "code": 0, "data": receipt }).to_string();
    for (name, comment, text) in [
        ("empty", "No body.", ""),
        ("html", "A page, as a proxy answers.", "<html><body>OK</body></html>"),
        ("word-body", "A word.", "success"),
        ("cut-short", "A body that breaks off.", &cut[..cut.len() - 1]),
    ] {
        cases.invalid(name, comment, body(text), "body-is-no-json");
    }
    for (name, comment, value) in [
        ("list", "A list of one envelope.", json!([{ "code": 0, "data": receipt }])),
        ("null-body", "A body of null.", json!(null)),
        ("zero-body", "A body of 0.", json!(0)),
        ("text-body", "A body of text.", json!("success")),
    ] {
        cases.invalid(name, comment, answer(value), "body-is-no-object");
    }
    cases.group(json!({ "status": 500 }));
    cases.invalid(
        "refused-with-500",
        "A refusal with the status of a failure.",
        with_code("8000"),
        "refused-by-the-sa",
    );
}

fn successes(cases: &mut Cases, receipt: &Value) {
    let text = receipt.to_string();
    for (name, comment, body) in [
        ("success", "A receipt.", format!(r#"{{"code":0,"data":{text},"msg":""}}"#)),
        (
            "other-order",
            "The order of members is free.",
            format!(r#"{{"msg":"","data":{text},"code":0}}"#),
        ),
        (
            "spaced",
            "Whitespace is free.",
            format!("\n{{ \"code\" : 0 ,\r\n\t\"data\" : {text}, \"msg\": \"\" }}\n"),
        ),
        (
            "with-message",
            "A message changes nothing.",
            format!(r#"{{"code":0,"data":{text},"msg":"error"}}"#),
        ),
        ("without-message", "A message may be absent.", format!(r#"{{"code":0,"data":{text}}}"#)),
        (
            "more-members",
            "Members nobody knows are ignored.",
            format!(r#"{{"code":0,"data":{text},"msg":"","requestId":"7","detail":null}}"#),
        ),
        (
            "code-in-the-data",
            "A code inside the data is data.",
            r#"{"code":0,"data":{"status":"success","code":70004},"msg":""}"#.to_owned(),
        ),
        (
            "past-ascii",
            "Data outside ASCII.",
            r#"{"code":0,"data":{"externalId":"Käse ₮ 🧀"},"msg":""}"#.to_owned(),
        ),
        (
            "escaped",
            "The same data, escaped.",
            r#"{"code":0,"data":{"externalId":"K\u00e4se \u20ae \ud83e\uddc0"},"msg":""}"#
                .to_owned(),
        ),
        (
            "null-inside",
            "A null inside the data stays there.",
            r#"{"code":0,"data":{"reference":"0x01","externalId":null},"msg":""}"#.to_owned(),
        ),
    ] {
        cases.valid(name, comment, json!({ "body": body }));
    }
}
