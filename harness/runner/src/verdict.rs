//! What a check decides.

use conform402_chain::{ChainError, Unexpected};
use serde::{Deserialize, Serialize};

use conform402_vectors::Level;

/// What the scenario of a check returns.
pub type Outcome = Result<(), Broken>;

/// Why a scenario did not end well, and by whose fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The target broke the promise under test.
    #[error("{0}")]
    Promise(String),
    /// The target did not answer in time, which breaks a promise unless a check
    /// leaves it the time.
    #[error("{0}")]
    Late(String),
    /// The target cannot show whether it keeps the promise.
    #[error("{0}")]
    NotApplicable(String),
    /// Something the check stands on was missing.
    #[error("{0}")]
    Undecided(String),
    /// The harness failed. Never the target's fault.
    #[error("{0}")]
    Ours(String),
}

impl Broken {
    /// A broken promise.
    pub fn promise(reason: impl Into<String>) -> Self {
        Self::Promise(reason.into())
    }
}

impl From<ChainError> for Broken {
    fn from(error: ChainError) -> Self {
        Self::Ours(error.to_string())
    }
}

impl From<Unexpected> for Broken {
    fn from(error: Unexpected) -> Self {
        Self::Promise(error.to_string())
    }
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The promise holds.
    Pass,
    /// A MUST is broken.
    Fail,
    /// A SHOULD or MAY is broken.
    Warn,
    /// The target does not claim to do this.
    NotApplicable,
    /// Nothing was learned.
    Inconclusive,
}

impl Verdict {
    /// The verdict of an outcome at a level.
    #[must_use]
    pub const fn of(outcome: &Outcome, level: Level) -> Self {
        match (outcome, level) {
            (Ok(()), _) => Self::Pass,
            (Err(Broken::Promise(_) | Broken::Late(_)), Level::Must) => Self::Fail,
            (Err(Broken::Promise(_) | Broken::Late(_)), Level::Should | Level::May) => Self::Warn,
            (Err(Broken::NotApplicable(_)), _) => Self::NotApplicable,
            (Err(Broken::Undecided(_) | Broken::Ours(_)), _) => Self::Inconclusive,
        }
    }

    /// The word in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::NotApplicable => "not-applicable",
            Self::Inconclusive => "inconclusive",
        }
    }
}
