//! Objects with a member that is missing, or of another kind.

use serde_json::Value;

use super::offer::{with, without};
use crate::cases::Cases;
use crate::input::kebab;
use crate::level::Level;
use crate::operation::Bug;

/// How a text is given to an operation: in a header, or as a body.
pub(super) type Carrier = fn(&Value) -> Value;

/// Members that must be there: each by pointer.
pub(super) fn missing(
    cases: &mut Cases,
    carrier: Carrier,
    good: &Value,
    level: Level,
    pointers: &[&str],
) {
    for pointer in pointers {
        let member = kebab(pointer.rsplit('/').next().unwrap_or_default());
        let case = cases.invalid(
            format!("{}-missing", kebab_path(pointer)),
            "A member that must be there is not.",
            carrier(&without(good, pointer)),
            format!("{member}-is-missing"),
        );
        if level == Level::Should {
            case.should();
        }
    }
}

/// A member that is not what it should be.
pub(super) struct Misfit {
    pub name: &'static str,
    pub comment: &'static str,
    /// Where it is.
    pub pointer: &'static str,
    pub value: Value,
    /// Why it is refused.
    pub reason: &'static str,
    pub level: Level,
}

/// A member that must be refused.
pub(super) fn misfit(
    name: &'static str,
    comment: &'static str,
    pointer: &'static str,
    value: impl Into<Value>,
    reason: &'static str,
) -> Misfit {
    Misfit { name, comment, pointer, value: value.into(), reason, level: Level::Must }
}

impl Misfit {
    /// Who takes it is warned.
    pub(super) fn should(self) -> Self {
        Self { level: Level::Should, ..self }
    }
}

/// Each of `misfits` alone in `good`.
pub(super) fn misfits(
    cases: &mut Cases,
    carrier: Carrier,
    good: &Value,
    misfits: impl IntoIterator<Item = Misfit>,
) {
    for misfit in misfits {
        let object = with(good, misfit.pointer, misfit.value);
        let case = cases.invalid(misfit.name, misfit.comment, carrier(&object), misfit.reason);
        if misfit.level == Level::Should {
            case.should();
        }
    }
}

/// What may be absent, and is of another kind: each by pointer, with what it
/// should be.
pub(super) fn optional_misfits<const N: usize>(
    cases: &mut Cases,
    carrier: Carrier,
    good: &Value,
    misfits: [(&'static str, Value, &'static str); N],
) {
    let reason = |pointer: &str, kind: &str| {
        format!("{}-is-no-{kind}", kebab(pointer.rsplit('/').next().unwrap_or_default()))
    };
    let reasons = misfits.each_ref().map(|(pointer, _, kind)| reason(pointer, kind));
    cases.flag(
        "ChecksRequiredOnly",
        "does not look at what may be absent, and stumbles over it later",
        Bug::forgets_all(move |reason| reasons.iter().any(|known| known == reason)),
    );
    for (pointer, value, kind) in misfits {
        let what = match value {
            Value::Array(_) => "list",
            Value::Object(_) => "object",
            Value::String(_) => "text",
            _ => "number",
        };
        cases
            .invalid(
                format!("{}-as-{what}", kebab_path(pointer)),
                "A member that may be absent, but not be of another kind.",
                carrier(&with(good, pointer, value)),
                reason(pointer, kind),
            )
            .should();
    }
}

/// Objects that an encoder is given, and no reader would take: without one of
/// the `required` members, or with one of `misfits`.
pub(super) fn encode_misfits(
    cases: &mut Cases,
    carrier: Carrier,
    good: &Value,
    required: &[&str],
    misfits: impl IntoIterator<Item = Misfit>,
) {
    cases.rule("What the decoder refuses SHOULD not be sent, and so is refused here.");
    cases.flag(
        "WritesMisfits",
        "writes whatever it is given: who reads it refuses it, and nobody knows why",
        Bug::forgets_all(|_| true),
    );
    missing(cases, carrier, good, Level::Should, required);
    self::misfits(cases, carrier, good, misfits.into_iter().map(Misfit::should));
    let text = Value::from(good.to_string());
    cases.invalid("as-text", "Its JSON in a text.", carrier(&text), "no-object").should();
}

/// `/accepts/0/payTo` as `accepts-pay-to`.
pub(super) fn kebab_path(pointer: &str) -> String {
    let parts = pointer.split('/').filter(|part| !part.is_empty() && *part != "0");
    parts.map(kebab).collect::<Vec<_>>().join("-")
}
