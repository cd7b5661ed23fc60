//! The golden vectors: for each pure operation of the protocols, inputs, every
//! intermediate value, and the expected output or refusal.
//!
//! The files in `vectors/` are written by this crate and proven by others:
//! `scripts/cross-check` recomputes each case in three languages that share
//! nothing with it.
//!
//! A flag is a bug class, and carries the bug. Which cases have a flag is not
//! declared but observed: those the bug gets wrong. A negative case that no bug
//! gets wrong, or a bug that no case catches, is an error of its author.

mod cases;
mod change;
pub mod check;
mod deployment;
pub mod diff;
mod format;
mod input;
mod level;
mod operation;
mod set;
mod signed;

mod amount;
mod evm;
mod mpp;
mod period;
mod sa;
mod x402;

pub use cases::{Cases, Inconsistent, ORDINARY};
pub use deployment::Deployment;
pub use format::{Case, Expectation, Flag, Group, Manifest, Source, VERSION, VectorFile};
pub use level::Level;
pub use operation::{Bug, Comparison, Evaluation, Operation, Refusal, Steps};
pub use set::{VectorSet, WriteError};

/// Every operation, in the order of their names.
#[must_use]
pub fn catalogue() -> Vec<Operation> {
    let mut operations = [
        amount::operations(),
        evm::operations(),
        mpp::operations(),
        period::operations(),
        sa::operations(),
        x402::operations(),
    ]
    .concat();
    operations.sort_by_key(|operation| operation.name);
    operations
}

/// The operation of this name.
#[must_use]
pub fn operation(name: &str) -> Option<Operation> {
    catalogue().into_iter().find(|operation| operation.name == name)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Whoever generates vectors for a deployment of their own must not meet a
    /// mistake of ours.
    #[rstest]
    #[case::of_the_seeds(Deployment::default())]
    #[case::another_chain(Deployment { chain_id: 1, ..Deployment::default() })]
    #[case::another_seed(Deployment { seed: conform402_wire::Seed(7), ..Deployment::default() })]
    #[case::usd_coin(Deployment {
        chain_id: 84532,
        token_name: "USD Coin".to_owned(),
        token_version: "2".to_owned(),
        ..Deployment::default()
    })]
    fn every_file_is_consistent(#[case] deployment: Deployment) {
        let mistakes: Vec<String> = catalogue()
            .iter()
            .filter_map(|operation| operation.file(&deployment).err())
            .map(|mistake| mistake.to_string())
            .collect();
        assert_eq!(mistakes, Vec::<String>::new());
    }

    #[test]
    fn names_are_unique() {
        let operations = catalogue();
        assert!(operations.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
