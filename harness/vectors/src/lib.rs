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
mod deployment;
mod format;
mod input;
mod operation;
mod set;
mod signed;

mod amount;
mod evm;
mod mpp;
mod period;
mod sa;
mod x402;

pub use cases::{Cases, Inconsistent};
pub use deployment::Deployment;
pub use format::{Case, Expectation, Flag, Group, Level, Manifest, Source, VERSION, VectorFile};
pub use operation::{Bug, Evaluation, Operation, Refusal, Steps};
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
    use super::*;

    #[test]
    fn every_file_is_consistent() {
        let mistakes: Vec<String> = catalogue()
            .iter()
            .filter_map(|operation| operation.file(&Deployment::default()).err())
            .map(|mistake| mistake.to_string())
            .collect();
        assert_eq!(mistakes, Vec::<String>::new());
    }
}
