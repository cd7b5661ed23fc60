//! The second signature of a subscriber: the terms of the plan. Seed and
//! buyer's command line give the struct other members, in another order.

use alloy::hex;
use conform402_wire::typed_data::{Types, digest, hash_domain, hash_struct};
use serde_json::{Value, json};

use super::permit::permit_hash;
use crate::cases::Cases;
use crate::deployment::{Deployment, lower};
use crate::input::Input;
use crate::operation::{Bug, Operation, Steps};
use crate::signed::{Example, sign, sign_digest, verify};

const SEED: [(&str, &str); 1] = [(
    "SubscriptionTerms",
    "address payer,address merchant,address facilitator,address token,uint256 amountPerPeriod,uint256 periodSec,uint8 periodMode,uint256 maxPeriods,uint256 startAt,uint256 initialChargePeriods,uint256 initialChargeAmount,uint256 planTier,bytes32 changeFromSubId,uint8 changeEffectiveAt,bytes32 permitHash,bytes32 salt,uint64 termsDeadline",
)];

const CLI: [(&str, &str); 1] = [(
    "SubscriptionTerms",
    "address payer,address merchant,address facilitator,address token,uint160 amountPerPeriod,uint64 periodSec,uint32 maxPeriods,uint64 startAt,uint32 initialChargePeriods,uint160 initialChargeAmount,uint64 termsDeadline,bytes32 permitHash,bytes32 salt,uint8 planTier,bytes32 changeFromSubId,uint8 changeEffectiveAt,uint8 periodMode",
)];

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation {
            name: "period.terms-seed.sign",
            evaluate: |input, steps| sign(&SEED, input, steps),
            describe: |cases| {
                cases.summary("Signs the terms of a subscription under EIP-712.");
                about_seed(cases);
                agreed(&cases.deployment, &SEED, "2592000").sign_cases(cases);
            },
        },
        Operation {
            name: "period.terms-seed.verify",
            evaluate: |input, steps| verify(&SEED, input, steps),
            describe: |cases| {
                cases.summary("Verifies who signed the terms of a subscription under EIP-712.");
                about_seed(cases);
                cases.flag(
                    "OtherTerms",
                    "verifies terms under the type of onchainos",
                    Bug::differs(|input| verify(&CLI, &Input::new(input), &mut Steps::default())),
                );
                let example = agreed(&cases.deployment, &SEED, "2592000");
                example.verify_cases(cases);
                other_type(cases, &example, &CLI);
            },
        },
        Operation {
            name: "period.terms-cli.sign",
            evaluate: |input, steps| sign(&CLI, input, steps),
            describe: |cases| {
                cases
                    .summary("Signs the terms of a subscription under EIP-712, as onchainos does.");
                about_cli(cases);
                agreed(&cases.deployment, &CLI, "0").sign_cases(cases);
            },
        },
        Operation {
            name: "period.terms-cli.verify",
            evaluate: |input, steps| verify(&CLI, input, steps),
            describe: |cases| {
                cases.summary("Verifies who signed the terms of a subscription as onchainos does.");
                about_cli(cases);
                cases.flag(
                    "OtherTerms",
                    "verifies terms under the type of the seed",
                    Bug::differs(|input| verify(&SEED, &Input::new(input), &mut Steps::default())),
                );
                let example = agreed(&cases.deployment, &CLI, "0");
                example.verify_cases(cases);
                other_type(cases, &example, &SEED);
            },
        },
    ]
}

/// The same terms, signed under the type the other dialect has.
fn other_type(cases: &mut Cases, example: &Example, other: &Types) {
    let domain = hash_domain(&example.domain).map(|hashed| hashed.hash).unwrap_or_default();
    let message = hash_struct(other, &example.message).map(|hashed| hashed.hash);
    let digest = digest(&domain, &message.unwrap_or_default());
    let signature = hex::encode_prefixed(sign_digest(&example.signer, &digest));
    cases.invalid(
        "signed-under-the-other-type",
        "A good signature by the right key of the same terms, under the type of the other dialect.",
        json!({ "message": example.message, "signature": signature }),
        "other-signer",
    );
}

fn about_seed(cases: &mut Cases) {
    cases.profile("period-seed");
    cases.source(
        "The buyer's second signature (the first is Permit2 PermitSingle), binding plan terms",
        "OKX Node SDK Reference (seed 002), \"SubscriptionTerms EIP-712 struct\"",
    );
    about(cases);
    about_type(cases, &SEED);
}

fn about_cli(cases: &mut Cases) {
    cases.profile("period-cli");
    cases.source(
        "`SubscriptionTerms` typestring — must match the backend byte-for-byte. 17 fields; `periodMode` last.",
        "onchainos-skills 4.4.10, cli/src/payment/subscription/eip712.rs",
    );
    about(cases);
    about_type(cases, &CLI);
    cases.rule("With periodMode 1, the calendar month, periodSec is 0.");
}

fn about(cases: &mut Cases) {
    cases.source(
        "Domain: (name=\"A2APaySubscription\", version=\"1\", chainId, verifyingContract=subscriptionContract).",
        "OKX Node SDK Reference (seed 002), \"SubscriptionTerms EIP-712 struct\"",
    );
    cases.rule("permitHash is the hashStruct of the allowance signed beside the terms; here it is any word.");
    cases.rule("Every integer of the input is a decimal string, whatever a payload has on the wire. A planId beside the members is not signed.");
}

fn about_type(cases: &mut Cases, types: &Types) {
    cases.rule(format!("The type is {}({}).", types[0].0, types[0].1));
    cases.rule("The seed and onchainos have two types that share a name; a signature over one is none over the other.");
}

/// `month` is the `periodSec` of a calendar month.
fn agreed(at: &Deployment, types: &'static Types, month: &str) -> Example {
    let message = json!({
        "payer": at.address_of("payer"),
        "merchant": at.address_of("payee"),
        "facilitator": at.address_of("server"),
        "token": lower(at.token),
        "amountPerPeriod": "1000000",
        "periodSec": "2592000",
        "periodMode": "0",
        "maxPeriods": "12",
        "startAt": "0",
        "initialChargePeriods": "0",
        "initialChargeAmount": "0",
        "planTier": "1",
        "changeFromSubId": format!("0x{}", "00".repeat(32)),
        "changeEffectiveAt": "0",
        "permitHash": permit_hash(at),
        "salt": format!("0x{}", "77".repeat(32)),
        "termsDeadline": "1893456000",
    });
    let with = |members: &[(&str, &str)]| {
        let mut changed: Value = message.clone();
        for (member, value) in members {
            changed[*member] = (*value).into();
        }
        changed
    };
    let old = format!("0x{}", "51".repeat(32));
    let others = vec![
        (
            "monthly",
            "Periods are calendar months.",
            with(&[("periodMode", "1"), ("periodSec", month)]),
        ),
        (
            "initial-charge",
            "The first charge covers three periods for less.",
            with(&[("initialChargePeriods", "3"), ("initialChargeAmount", "2500000")]),
        ),
        ("later", "It starts later.", with(&[("startAt", "1893542400")])),
        (
            "upgrade",
            "It replaces another at once.",
            with(&[("planTier", "2"), ("changeFromSubId", &old), ("changeEffectiveAt", "1")]),
        ),
        (
            "downgrade",
            "It replaces another at the end of its period.",
            with(&[("planTier", "0"), ("changeFromSubId", &old), ("changeEffectiveAt", "2")]),
        ),
        (
            "past-a-double",
            "An amount that a double rounds.",
            with(&[("amountPerPeriod", "9007199254740993")]),
        ),
        (
            "past-64-bits",
            "An amount that no 64-bit integer holds.",
            with(&[("amountPerPeriod", "18446744073709551616")]),
        ),
    ];
    Example { types, domain: at.subscription_domain(), message, others, signer: at.key("payer") }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::seed(&SEED, "0x84ea4006", "d389")]
    #[case::cli(&CLI, "0xa5223de5", "97ae")]
    fn a_type_hash(#[case] types: &'static Types, #[case] start: &str, #[case] end: &str) {
        let message = agreed(&Deployment::default(), types, "0").message;
        let hash = hash_struct(types, &message).unwrap().type_hash.to_string();
        assert!(hash.starts_with(start) && hash.ends_with(end), "{hash}");
    }
}
