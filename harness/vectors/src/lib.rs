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
pub use deployment::{Deployment, Unfit};
pub use format::{Case, Expectation, Flag, Group, Manifest, Source, VERSION, VectorFile};
pub use level::Level;
pub use operation::{Bug, Comparison, Evaluation, Operation, Refusal, Steps};
pub use set::{NotGenerated, VectorSet, WriteError};

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
    use alloy::primitives::Address;
    use rstest::rstest;

    use super::*;

    /// A deployment with these texts: realm, secret, the token's name and
    /// version.
    fn with_texts([realm, secret, name, version]: [&str; 4]) -> Deployment {
        Deployment {
            realm: realm.to_owned(),
            secret: secret.to_owned(),
            token_name: name.to_owned(),
            token_version: version.to_owned(),
            ..Deployment::default()
        }
    }

    /// Whoever generates vectors for a deployment of their own must not meet a
    /// mistake of ours, not even if it has what a case or a bug takes for other.
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
    #[case::quotes(with_texts(["x\\\", request=\"e30", "\"", "\"", "\u{2028}"]))]
    #[case::past_ascii(with_texts(["Käse ₮", "Schlüssel ₮ of some length, in UTF-8", "Cafe\u{301}", "é"]))]
    #[case::others_of_cases(with_texts(["cheap.example.com", "k", "Another", "402"]))]
    #[case::others_of_offers(with_texts(["evm", " ", "Another Coin", "403"]))]
    #[case::values_of_cases(with_texts(["a|b", &"k".repeat(64), "Golden Coin", "2"]))]
    #[case::long(with_texts([&"\"".repeat(255), &"k".repeat(65), &"Token ".repeat(20), "1"]))]
    #[case::highest_chain_and_addresses_without_letters(Deployment {
        chain_id: 1 << 52,
        token: Address::repeat_byte(0x11),
        escrow: Address::repeat_byte(0x22),
        subscription: Address::repeat_byte(0x33),
        ..Deployment::default()
    })]
    fn every_file_is_consistent(#[case] deployment: Deployment) {
        deployment.check().unwrap();
        let mistakes: Vec<String> = catalogue()
            .iter()
            .filter_map(|operation| operation.file(&deployment).err())
            .map(|mistake| mistake.to_string())
            .collect();
        assert_eq!(mistakes, Vec::<String>::new());
    }

    #[rstest]
    #[case::no_chain(|at: &mut Deployment| at.chain_id = 0, "chain id 0")]
    #[case::a_chain_past_doubles(|at: &mut Deployment| at.chain_id = (1 << 52) + 1, "up to 2^52")]
    #[case::no_realm(|at: &mut Deployment| at.realm.clear(), "the realm is empty")]
    #[case::a_realm_of_two_lines(|at: &mut Deployment| at.realm.push('\n'), "a line end")]
    #[case::a_realm_without_end(|at: &mut Deployment| at.realm = "r".repeat(256), "has 256 bytes")]
    #[case::no_secret(|at: &mut Deployment| at.secret.clear(), "the secret is empty")]
    #[case::no_token_name(|at: &mut Deployment| at.token_name.clear(), "the token's name is empty")]
    #[case::no_token_version(|at: &mut Deployment| at.token_version.clear(), "the token's version is empty")]
    #[case::no_escrow(|at: &mut Deployment| at.escrow = Address::ZERO, "the address of the escrow is zero")]
    #[case::two_roles(|at: &mut Deployment| at.escrow = at.token, "token and escrow have the same address")]
    #[case::a_contract_that_pays(|at: &mut Deployment| at.token = at.key("payer").address(), "payer and token")]
    fn no_deployment_is_like_this(#[case] change: fn(&mut Deployment), #[case] told: &str) {
        let mut deployment = Deployment::default();
        change(&mut deployment);
        let refused = deployment.check().unwrap_err().to_string();
        assert!(refused.contains(told), "{refused}");
    }

    #[test]
    fn names_are_unique() {
        let operations = catalogue();
        assert!(operations.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
