//! An operation, what it makes of an input, and the bugs its cases hunt.

use std::fmt;
use std::sync::Arc;

use conform402_wire::timestamp;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::cases::Cases;
use crate::input::Input;

/// A pure operation of the protocols: a JSON input, and either an output or a
/// refusal.
#[derive(Clone, Copy)]
pub struct Operation {
    /// Dotted name, such as `mpp.challenge.id`; also the path of its file.
    pub name: &'static str,
    /// The operation itself. Fills in the steps it gets to, and stops with a
    /// refusal at the first thing that is wrong.
    pub(crate) evaluate: fn(&Input<'_>, &mut Steps) -> Result<Value, Refusal>,
    /// Names the sources, the flags and the cases.
    pub(crate) describe: fn(&mut Cases),
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The intermediate values of an evaluation, in the order they arise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps(Vec<(String, Value)>);

impl Steps {
    /// Records the next intermediate value.
    pub(crate) fn record(&mut self, name: &str, value: impl Into<Value>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// The value of a step.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(step, _)| step == name).map(|(_, value)| value)
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl Serialize for Steps {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Why an operation refuses an input: a few words joined by hyphens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Refusal(pub String);

impl Refusal {
    /// A refusal for `reason`.
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Refuses for `reason`.
pub(crate) fn refuse<T>(reason: &str) -> Result<T, Refusal> {
    Err(Refusal::new(reason))
}

/// What an operation made of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// What it computed on the way.
    pub steps: Steps,
    /// What came out.
    pub outcome: Result<Value, Refusal>,
}

impl Operation {
    /// What a correct implementation makes of `input`.
    #[must_use]
    pub fn evaluate(&self, input: &Value) -> Evaluation {
        let mut steps = Steps::default();
        let outcome = (self.evaluate)(&Input::new(input), &mut steps);
        Evaluation { steps, outcome }
    }
}

/// When two outputs of an operation are alike.
#[derive(Clone, Copy, Debug, Default)]
pub struct Comparison {
    /// Where spelling is free, the operation that must read both alike.
    pub reader: Option<Operation>,
    /// Whether two date-times that name one instant are alike.
    pub by_instant: bool,
}

impl Comparison {
    /// Whether `output` is as good as `expected`.
    #[must_use]
    pub fn alike(&self, expected: &Value, output: &Value) -> bool {
        let same = |one: &Value, other: &Value| {
            one == other || (self.by_instant && mean_the_same(one, other))
        };
        let read_alike = |reader: &Operation| {
            let read = |output| reader.evaluate(output).outcome;
            matches!((read(expected), read(output)), (Ok(one), Ok(other)) if same(&one, &other))
        };
        same(expected, output) || self.reader.as_ref().is_some_and(read_alike)
    }
}

fn mean_the_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) => {
            let instant = |text: &str| timestamp::instant(text).ok();
            one == other || (instant(one).is_some() && instant(one) == instant(other))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| mean_the_same(a, b))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| {
                    other.get(name).is_some_and(|other| mean_the_same(value, other))
                })
        }
        _ => one == other,
    }
}

type Change = Arc<dyn Fn(&mut Value) + Send + Sync>;
type Predicate<T> = Arc<dyn Fn(&T) -> bool + Send + Sync>;
type Evaluate = Arc<dyn Fn(&Value) -> Result<Value, Refusal> + Send + Sync>;

/// A way to get an operation wrong. A case carries a flag if, and only if, the
/// bug behind the flag gets the case wrong.
#[derive(Clone)]
pub enum Bug {
    /// Reads, or fills in, something else than what is there.
    Misreads(Change),
    /// Never refuses for reasons like these.
    Forgets(Predicate<str>),
    /// Refuses what it should take.
    Refuses(Predicate<Value>),
    /// Gets the result right and then writes another.
    Miswrites(Change),
    /// Does the whole differently.
    Differs(Evaluate),
}

impl fmt::Debug for Bug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Misreads(_) => "misreads",
            Self::Forgets(_) => "forgets",
            Self::Refuses(_) => "refuses",
            Self::Miswrites(_) => "miswrites",
            Self::Differs(_) => "differs",
        })
    }
}

impl Bug {
    pub(crate) fn misreads(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        Self::Misreads(Arc::new(change))
    }

    /// As [`Bug::misreads`], of one text member.
    pub(crate) fn misreads_text(
        member: &'static str,
        change: impl Fn(&str) -> String + Send + Sync + 'static,
    ) -> Self {
        Self::misreads(move |input| {
            if let Some(Value::String(text)) = input.get_mut(member) {
                *text = change(text);
            }
        })
    }

    /// Never refuses for one of `reasons`.
    pub(crate) fn forgets(reasons: &'static [&'static str]) -> Self {
        Self::forgets_all(|reason| reasons.contains(&reason))
    }

    /// Never refuses for a reason of a kind.
    pub(crate) fn forgets_all(kind: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self::Forgets(Arc::new(kind))
    }

    pub(crate) fn refuses(when: impl Fn(&Value) -> bool + Send + Sync + 'static) -> Self {
        Self::Refuses(Arc::new(when))
    }

    pub(crate) fn miswrites(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        Self::Miswrites(Arc::new(change))
    }

    pub(crate) fn differs(
        evaluate: impl Fn(&Value) -> Result<Value, Refusal> + Send + Sync + 'static,
    ) -> Self {
        Self::Differs(Arc::new(evaluate))
    }

    /// What an implementation with this bug makes of `input`.
    #[must_use]
    pub fn evaluate(&self, operation: &Operation, input: &Value) -> Evaluation {
        match self {
            Self::Misreads(change) => {
                let mut misread = input.clone();
                change(&mut misread);
                operation.evaluate(&misread)
            }
            Self::Forgets(forgotten) => {
                let mut evaluation = operation.evaluate(input);
                if let Err(refusal) = &evaluation.outcome
                    && forgotten(&refusal.0)
                {
                    evaluation.outcome = Ok(Value::Null);
                }
                evaluation
            }
            Self::Refuses(when) if when(input) => Evaluation {
                steps: Steps::default(),
                outcome: Err(Refusal::new("refused-by-a-fault")),
            },
            Self::Refuses(_) => operation.evaluate(input),
            Self::Miswrites(change) => {
                let mut evaluation = operation.evaluate(input);
                if let Ok(output) = &mut evaluation.outcome {
                    change(output);
                }
                evaluation
            }
            Self::Differs(evaluate) => {
                Evaluation { steps: Steps::default(), outcome: evaluate(input) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::equal(json!({ "a": ["b", 1] }), json!({ "a": ["b", 1] }), true)]
    #[case::one_instant(json!({ "a": "2030-01-01T00:00:00Z" }), json!({ "a": "2030-01-01T02:00:00.000+02:00" }), true)]
    #[case::another_instant(json!({ "a": "2030-01-01T00:00:00Z" }), json!({ "a": "2030-01-01T00:00:00.001Z" }), false)]
    #[case::another_text(json!({ "a": "b" }), json!({ "a": "c" }), false)]
    #[case::another_name(json!({ "a": "b" }), json!({ "b": "b" }), false)]
    #[case::one_more(json!(["b"]), json!(["b", "b"]), false)]
    fn what_means_the_same(#[case] one: Value, #[case] other: Value, #[case] same: bool) {
        assert_eq!((mean_the_same(&one, &other), mean_the_same(&other, &one)), (same, same));
    }
}
