//! The members of x402's objects, as data.

use serde_json::{Map, Value};

use super::network::Network;
use crate::amount::BaseUnits;
use crate::typed_data::Misfit;

/// A member of an object.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    name: &'static str,
    kind: Kind,
    required: bool,
}

/// What a member must be.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text, which may be empty.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// Text that is an amount in base units.
    Amount,
    /// Text that names a network (CAIP-2).
    Network,
    /// An object whose members are the sender's.
    Map,
    /// An object of these members.
    Object(&'static [Member]),
    /// A list of objects of these members.
    List(&'static [Member]),
}

/// A member that must be there.
#[must_use]
pub const fn required(name: &'static str, kind: Kind) -> Member {
    Member { name, kind, required: true }
}

/// A member that may be absent.
#[must_use]
pub const fn optional(name: &'static str, kind: Kind) -> Member {
    Member { name, kind, required: false }
}

/// Checks that `object` has `members`; null counts as absent, and members
/// besides are its own.
///
/// # Errors
/// [`Misfit`] names the first member that is missing or of another kind.
pub fn check(members: &[Member], object: &Map<String, Value>) -> Result<(), Misfit> {
    for member in members {
        match object.get(member.name).filter(|value| !value.is_null()) {
            Some(value) => member.check(value)?,
            None if member.required => return Err(Misfit::Missing(member.name.to_owned())),
            None => {}
        }
    }
    Ok(())
}

impl Member {
    fn check(&self, value: &Value) -> Result<(), Misfit> {
        match (self.kind, value) {
            (Kind::Text, Value::String(_))
            | (Kind::Boolean, Value::Bool(_))
            | (Kind::Number, Value::Number(_))
            | (Kind::Map, Value::Object(_)) => Ok(()),
            (Kind::Amount, Value::String(text)) if text.parse::<BaseUnits>().is_ok() => Ok(()),
            (Kind::Network, Value::String(text)) if Network::parse(text).is_ok() => Ok(()),
            (Kind::Object(members), Value::Object(object)) => check(members, object),
            (Kind::List(members), Value::Array(elements)) => {
                elements.iter().try_for_each(|element| match element {
                    Value::Object(object) => check(members, object),
                    _ => Err(self.misfit("list-of-objects")),
                })
            }
            (Kind::Text, _) => Err(self.misfit("text")),
            (Kind::Boolean, _) => Err(self.misfit("boolean")),
            (Kind::Number, _) => Err(self.misfit("number")),
            (Kind::Amount, _) => Err(self.misfit("amount")),
            (Kind::Network, _) => Err(self.misfit("network")),
            (Kind::Map | Kind::Object(_), _) => Err(self.misfit("object")),
            (Kind::List(_), _) => Err(self.misfit("list")),
        }
    }

    fn misfit(&self, kind: &str) -> Misfit {
        Misfit::kind(self.name, kind)
    }
}
