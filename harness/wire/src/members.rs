//! The members of a JSON object, read strictly.

use serde_json::{Map, Value};

use crate::typed_data::Misfit;

/// An object whose members are read one by one. Null counts as absent, and who
/// asks for no member does not see it.
#[derive(Clone, Copy, Debug)]
pub struct Members<'a>(&'a Value);

impl<'a> Members<'a> {
    /// Reads the members of `value`; if that is no object, it has none.
    #[must_use]
    pub const fn new(value: &'a Value) -> Self {
        Self(value)
    }

    fn member<T>(
        self,
        name: &str,
        kind: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Misfit> {
        let Some(value) = self.0.get(name).filter(|value| !value.is_null()) else {
            return Ok(None);
        };
        let misfit = || Misfit::Kind { member: name.to_owned(), kind: kind.to_owned() };
        read(value).map(Some).ok_or_else(misfit)
    }

    /// Text.
    ///
    /// # Errors
    /// [`Misfit`] if it is absent or of another kind.
    pub fn text(self, name: &str) -> Result<String, Misfit> {
        self.optional_text(name)?.ok_or_else(|| Misfit::Missing(name.to_owned()))
    }

    /// Text that may be absent.
    ///
    /// # Errors
    /// [`Misfit`] if it is of another kind.
    pub fn optional_text(self, name: &str) -> Result<Option<String>, Misfit> {
        self.member(name, "text", |value| value.as_str().map(str::to_owned))
    }

    /// An object.
    ///
    /// # Errors
    /// [`Misfit`] if it is absent or of another kind.
    pub fn object(self, name: &str) -> Result<&'a Map<String, Value>, Misfit> {
        self.member(name, "object", Value::as_object)?
            .ok_or_else(|| Misfit::Missing(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn null_is_absent_and_kinds_are_told_apart() {
        let value = json!({ "text": "a", "null": null, "number": 1, "object": {} });
        let members = Members::new(&value);
        assert_eq!(members.text("text").unwrap(), "a");
        assert_eq!(members.optional_text("null").unwrap(), None);
        assert_eq!(members.text("null"), Err(Misfit::Missing("null".into())));
        assert!(matches!(members.optional_text("number"), Err(Misfit::Kind { .. })));
        assert!(members.object("object").unwrap().is_empty());
        assert!(matches!(members.object("text"), Err(Misfit::Kind { .. })));
        assert!(Members::new(&json!([])).text("text").is_err());
    }
}
