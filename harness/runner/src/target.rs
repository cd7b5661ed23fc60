//! Targets: manifest, set-up, process, adapter.

mod adapter;
mod manifest;
mod process;

pub(crate) use adapter::Adapter;
pub use manifest::{KnownFailures, Target, Targets};
pub(crate) use process::Process;

use crate::http::NoAnswer;

/// Why a target cannot be run. A set-up error: exit 2, never a failed check.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// No folder of that name.
    #[error("unknown target {name:?}; known targets: {}. A path to a folder with a target.toml works too", .known.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The manifest cannot be used.
    #[error("{file}: {reason}")]
    Manifest {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A command of the manifest cannot be run.
    #[error("{name}: cannot run `{command}`: {reason}")]
    Command {
        /// The target.
        name: String,
        /// The command.
        command: String,
        /// Why not.
        reason: String,
    },
    /// The set-up failed.
    #[error("{name}: `{command}` failed ({status}). It needs: {requires}. Last lines:\n{log}")]
    Setup {
        /// The target.
        name: String,
        /// The command.
        command: String,
        /// How it ended.
        status: String,
        /// What the manifest says it needs.
        requires: String,
        /// What it printed last.
        log: String,
    },
    /// The adapter did not come up, or went away.
    #[error("{name}: the adapter {what}. Last lines of its log:\n{log}")]
    Process {
        /// The target.
        name: String,
        /// What happened.
        what: String,
        /// What it printed last.
        log: String,
    },
    /// There is no folder where it could keep channels.
    #[error("no folder for a store: {0}")]
    Store(String),
    /// The adapter does not answer.
    #[error("{route} of the adapter: {reason}")]
    NoAnswer {
        /// The route.
        route: &'static str,
        /// What came instead.
        reason: NoAnswer,
    },
    /// The adapter breaks the contract.
    #[error("{route} of the adapter: {reason}")]
    Contract {
        /// The route.
        route: &'static str,
        /// What is wrong with the answer.
        reason: String,
    },
}
