//! A value with one thing changed: what negative cases are made of.

use serde_json::Value;

/// `value` with `to` at `place`: the name of a member, or, from a slash on, a
/// JSON pointer.
pub(crate) fn with(value: &Value, place: &str, to: impl Into<Value>) -> Value {
    let mut changed = value.clone();
    let (parent, member) = split(place);
    match changed.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.insert(member.to_owned(), to.into());
        }
        Some(Value::Array(elements)) => {
            let element = member.parse().ok().and_then(|index: usize| elements.get_mut(index));
            if let Some(element) = element {
                *element = to.into();
            }
        }
        _ => {}
    }
    changed
}

/// `value` without what is at `place`, which is as in [`with`].
pub(crate) fn without(value: &Value, place: &str) -> Value {
    let mut changed = value.clone();
    let (parent, member) = split(place);
    if let Some(Value::Object(members)) = changed.pointer_mut(parent) {
        members.remove(member);
    }
    changed
}

/// Something else than `taken`: mostly what is `usual`.
pub(crate) fn other_than<T: PartialEq>(taken: &T, usual: T, spare: T) -> T {
    if *taken == usual { spare } else { usual }
}

/// The pointer to the parent, and the member. A name may have a slash inside.
fn split(place: &str) -> (&str, &str) {
    if place.starts_with('/') { place.rsplit_once('/').unwrap_or(("", place)) } else { ("", place) }
}
