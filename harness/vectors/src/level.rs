//! How strongly a source asks.

use serde::Serialize;

/// How strongly a source asks for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Breaking it fails.
    Must,
    /// Breaking it warns.
    Should,
    /// Breaking it warns.
    May,
}

impl Level {
    /// The word, as drafts write it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
        }
    }
}
