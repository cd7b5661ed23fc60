//! Reading a challenge. draft-httpauth-payment-00, "Challenge
//! (WWW-Authenticate)".

mod flags;
mod grammar;
mod parameters;

use conform402_wire::challenge::Challenge;
use serde_json::{Value, json};

use super::challenge::{full, output, plain, record_objects, refusal, request};
use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Operation, Refusal, Steps};

pub(crate) fn operations() -> Vec<Operation> {
    vec![Operation { name: "mpp.challenge.parse", evaluate, describe }]
}

fn evaluate(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let challenge = Challenge::read(input.text("field")?).map_err(refusal)?;
    record_objects(steps, &challenge);
    challenge.check().map_err(refusal)?;
    Ok(json!({ "challenge": output(&challenge)? }))
}

fn describe(cases: &mut Cases) {
    cases.summary("The one Payment challenge of a WWW-Authenticate field value.");
    sources(cases);
    cases.rule("The field is a list of challenges, of any scheme; it must have exactly one of the scheme Payment, in any case. Parameters belong to the challenge they stand behind, and to no other.");
    cases.rule(
        "A challenge of another scheme has parameters, a token68, or nothing; it is passed over.",
    );
    rules(cases);
    cases.rule("What the grammar of RFC 9110 allows and servers do not write is a SHOULD, since published readers do not know it: tokens for quoted strings, white space around `=`, names and scheme in another case, other challenges in the field.");
    cases.rule("The output has the parameters the challenge has, unescaped, and `request` and `opaque` as they stand on the wire. Unknown parameters are left out.");
    flags::flags(cases);
    let at = cases.deployment.clone();
    let plain = plain(&at);
    grammar::spelling(cases, &plain, &full(&at));
    parameters::parameters(cases, &plain);
    parameters::encoded_objects(cases, &plain, &request(&at));
    grammar::other_challenges(cases, &plain);
}

fn sources(cases: &mut Cases) {
    cases.source(
        "its value MUST be non-empty after `auth-param` parsing and `quoted-string` unescaping.",
        "draft-httpauth-payment-00, \"Required Parameters\"",
    );
    cases.source(
        "Clients MUST validate the returned challenge before authorizing payment.",
        "draft-httpauth-payment-00, \"Client Payment Preferences\"",
    );
    cases.source(
        "each parameter name MUST only occur once per challenge.",
        "RFC 9110, \"Authentication Parameters\"",
    );
    cases.source(
        "Recipients that process the value of a quoted-string MUST handle a quoted-pair as if it were replaced by the octet following the backslash.",
        "RFC 9110, \"Quoted Strings\"",
    );
    cases.source(
        "All string values use UTF-8 encoding {{RFC3629}}",
        "draft-httpauth-payment-00, \"Character Encoding\"",
    );
    cases.source(
        "occurrences of such data MUST cause a compliant JCS implementation to terminate with an appropriate error.",
        "RFC 8785, \"Serialization of Strings\"",
    );
    cases.source(
        "a recipient of CR, LF, or NUL within a field value MUST either reject the message or replace each of those characters with SP before further processing",
        "RFC 9110, \"Field Values\"",
    );
}

/// What must hold of every challenge that is read.
pub(crate) fn rules(cases: &mut Cases) {
    cases.rule("A parameter is a name, `=` with or without spaces or tabs around it, and a token or a quoted string, in which a backslash stands for the character behind it. Names are compared without regard to case; none may stand twice in a challenge.");
    cases.rule("id, realm, method, intent and request are required, and the id is not empty. method is one or more of a to z; intent one or more of a to z, A to Z, 0 to 9 and the hyphen; expires an RFC 3339 date-time with an offset. What digest and description say is not looked at.");
    cases.rule("request and opaque are base64url of the UTF-8 of a JSON object; the values of opaque are strings. Padding is tolerated, and the JSON need not be canonical.");
    cases.rule("An escape in the JSON that is half of a surrogate pair is refused, which is a SHOULD: it has no canonical form.");
    cases.rule("A field value with CR, LF or NUL is refused.");
    cases.rule(
        "Steps: requestJson and opaqueJson are the texts these parameters encode, as they stand.",
    );
}

/// The input with one field.
fn one(field: impl Into<String>) -> Value {
    json!({ "field": field.into() })
}
