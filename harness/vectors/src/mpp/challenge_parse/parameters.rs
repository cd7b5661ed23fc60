//! What the parameters of a challenge may say.

use conform402_wire::base64url;
use serde_json::Value;

use super::one;
use crate::cases::Cases;
use crate::mpp::challenge::{PLAIN_REALM, REQUIRED, field, with, without};

pub(super) fn parameters(cases: &mut Cases, plain: &Value) {
    for name in REQUIRED {
        cases.invalid(
            format!("no-{name}"),
            "A required parameter is absent.",
            one(field(&without(plain, name))),
            format!("{name}-is-missing"),
        );
    }
    for name in ["id", "method"] {
        cases.invalid(
            format!("empty-{name}"),
            "A required parameter says nothing.",
            one(field(&with(plain, name, ""))),
            format!("{name}-is-missing"),
        );
    }
    cases.invalid(
        "realm-twice",
        "A name stands twice, if only with one value.",
        one(format!("{}, realm=\"{PLAIN_REALM}\"", field(&with(plain, "realm", PLAIN_REALM)))),
        "realm-stands-twice",
    );
    cases.invalid(
        "two-requests",
        "Two requests: what one reader shows, another may sign.",
        one(format!("{}, request=\"e30\"", field(plain))),
        "request-stands-twice",
    );
    cases
        .invalid(
            "id-twice-in-two-cases",
            "Names have no case, so this one stands twice.",
            one(format!("{}, ID=\"other\"", field(plain))),
            "id-stands-twice",
        )
        .should();
    for (name, comment, method, must) in [
        ("method-capital", "A method is in lower case.", "EVM", true),
        ("method-space", "A space belongs to no method.", " evm", true),
        ("method-past-ascii", "A small letter, but none of a to z.", "évm", true),
        ("method-digit", "A digit is no letter.", "evm2", false),
    ] {
        let case = cases.invalid(
            name,
            comment,
            one(field(&with(plain, "method", method))),
            "method-is-no-identifier",
        );
        if !must {
            case.should();
        }
    }
    cases.valid(
        "intent-with-hyphen",
        "An intent may have digits and hyphens.",
        one(field(&with(plain, "intent", "charge-v2"))),
    );
    for (name, intent) in [("underscore", "charge_v2"), ("comma", "charge,session")] {
        cases.invalid(
            format!("intent-{name}"),
            "An intent has letters, digits and hyphens only.",
            one(field(&with(plain, "intent", intent))),
            "intent-is-no-identifier",
        );
    }
    cases.valid(
        "expires-offset",
        "An instant may have an offset, and a fraction of a second.",
        one(field(&with(plain, "expires", "2030-01-01T02:00:00.5+02:00"))),
    );
    for (name, comment, expires) in [
        ("word", "No date.", "tomorrow"),
        ("local", "No offset, so no instant.", "2030-01-01T00:00:00"),
        ("unix", "Seconds since 1970.", "1893456000"),
        ("no-such-day", "February has no 30th.", "2030-02-30T00:00:00Z"),
    ] {
        cases.invalid(
            format!("expires-{name}"),
            comment,
            one(field(&with(plain, "expires", expires))),
            "expires-is-no-instant",
        );
    }
}

pub(super) fn encoded_objects(cases: &mut Cases, plain: &Value, request: &Value) {
    let carrying =
        |name: &str, bytes: &[u8]| one(field(&with(plain, name, base64url::encode(bytes))));
    let text = request.to_string();
    cases
        .valid(
            "request-not-canonical",
            "Whether the server canonicalized is not for the payer to judge: it echoes what it got.",
            carrying("request", text.replace(':', ": ").as_bytes()),
        )
        .should();
    cases
        .valid(
            "request-padded",
            "No server may pad, but every reader known takes it; it stays in the output.",
            one(field(&with(
                plain,
                "request",
                format!("{}==", base64url::encode("{\"amount\":\"100\"}")),
            ))),
        )
        .should();
    cases.valid(
        "request-past-ascii",
        "JSON outside ASCII.",
        carrying("request", "{\"amount\":\"1\",\"description\":\"Käse ₮ 🧀\"}".as_bytes()),
    );
    let whole = plain["request"].as_str().unwrap_or_default();
    let spaced = format!("{} {}", &whole[..8], &whole[8..]);
    let standard =
        base64url::encode("{\"a\":\"~~~~~~??????\"}").replace('-', "+").replace('_', "/");
    for (name, comment, request, must) in [
        ("raw", "JSON that is not encoded at all.", text.clone(), true),
        (
            "length",
            "No bytes encode to 4n + 1 characters.",
            format!("{}A", base64url::encode("{} ")),
            true,
        ),
        ("space", "A space inside.", spaced, false),
        ("alphabet", "The other alphabet.", standard, false),
    ] {
        let case = cases.invalid(
            format!("request-{name}"),
            comment,
            one(field(&with(plain, "request", request))),
            "request-is-no-base64url",
        );
        if !must {
            case.should();
        }
    }
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (name, comment, bytes, kind) in [
        ("broken-utf8", "A byte that UTF-8 does not have.", &b"{\"amount\":\"1\xff\"}"[..], "utf8"),
        ("utf16", "Text in UTF-16.", &utf16, "json"),
        ("text", "No JSON.", b"amount=1", "json"),
        ("two-values", "Two objects.", b"{\"amount\":\"1\"}{\"amount\":\"2\"}", "json"),
        ("nan", "NaN is no number of JSON.", b"{\"amount\":NaN}", "json"),
        ("list", "A list.", b"[{\"amount\":\"1\"}]", "object"),
        ("null", "Nothing to pay, and no object.", b"null", "object"),
    ] {
        cases.invalid(
            format!("request-{name}"),
            comment,
            carrying("request", bytes),
            format!("request-is-no-{kind}"),
        );
    }
    cases
        .invalid(
            "request-half-a-pair",
            "Half of a surrogate pair, which no UTF-8 has: readers make different text of it.",
            carrying("request", br#"{"amount":"1","description":"\ud83e"}"#),
            "request-is-no-json",
        )
        .should();
    for (name, comment, bytes, reason) in [
        ("list", "A list.", &b"[[\"order\",\"42\"]]"[..], "opaque-is-no-object"),
        ("null", "Null, which is no object.", b"null", "opaque-is-no-object"),
        ("number", "A value that is no string.", b"{\"order\":42}", "opaque-is-no-map-of-text"),
    ] {
        cases.invalid(format!("opaque-{name}"), comment, carrying("opaque", bytes), reason);
    }
    cases.invalid(
        "opaque-raw",
        "An object that is not encoded.",
        one(field(&with(plain, "opaque", "{\"order\":\"42\"}"))),
        "opaque-is-no-base64url",
    );
}
