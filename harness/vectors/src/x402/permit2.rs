//! Permit2 signatures of x402: `exact` with Permit2, and `upto`.

use conform402_wire::typed_data::Types;
use serde_json::{Value, json};

use crate::cases::Cases;
use crate::deployment::{Deployment, lower};
use crate::operation::Operation;
use crate::signed::{Example, signed_struct};

const TOKEN_PERMISSIONS: (&str, &str) = ("TokenPermissions", "address token,uint256 amount");

const PERMIT: (&str, &str) = (
    "PermitWitnessTransferFrom",
    "TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,Witness witness",
);

const EXACT: [(&str, &str); 3] =
    [PERMIT, ("Witness", "address to,uint256 validAfter"), TOKEN_PERMISSIONS];

const UPTO: [(&str, &str); 3] =
    [PERMIT, ("Witness", "address to,address facilitator,uint256 validAfter"), TOKEN_PERMISSIONS];

pub(crate) fn operations() -> Vec<Operation> {
    [
        signed_struct!(
            "x402.exact-permit2",
            "a Permit2 payment of the scheme exact",
            EXACT,
            about_exact,
            exact
        ),
        signed_struct!(
            "x402.upto-permit2",
            "a Permit2 payment of the scheme upto, of which less may be taken",
            UPTO,
            about_upto,
            upto
        ),
    ]
    .concat()
}

fn about_exact(cases: &mut Cases) {
    cases.profile("x402-v2");
    cases.source(
        "Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,uint256 validAfter)",
        "x402 scheme exact on EVM, \"Reference Implementation: x402ExactPermit2Proxy\"",
    );
    cases.source(
        "This Proxy enforces that funds are only sent to the `witness.to` address.",
        "x402 scheme exact on EVM, \"AssetTransferMethod: Permit2\"",
    );
    about_domain(cases);
}

fn about_upto(cases: &mut Cases) {
    cases.profile("x402-v2");
    cases.source(
        "The client MUST include this `facilitatorAddress` in the `permit2Authorization.witness.facilitator` field when constructing the payment signature.",
        "x402 scheme upto on EVM, \"AssetTransferMethod: Permit2\"",
    );
    cases.source(
        "The `permit.permitted.amount` represents the **maximum** authorized amount",
        "x402 scheme upto on EVM, \"AssetTransferMethod: Permit2\"",
    );
    cases.rule("The witness is Witness(address to,address facilitator,uint256 validAfter), and the type hash of the whole struct 0x51dff697…70c2ee.");
    about_domain(cases);
}

fn about_domain(cases: &mut Cases) {
    cases.source(
        "Note that the Permit2 domain omits the `version` field.",
        "draft-evm-session-00, \"Permit2 Authorization\"",
    );
    cases.rule("The message is the permit2Authorization of the payload without `from`, who signs.");
}

fn permitted(at: &Deployment, amount: &str, spender: String, witness: Value) -> Value {
    json!({
        "permitted": { "token": lower(at.token), "amount": amount },
        "spender": spender,
        "nonce": "1027389",
        "deadline": "1893456000",
        "witness": witness,
    })
}

fn example(
    at: &Deployment,
    types: &'static Types,
    message: impl Fn(&str, &str) -> Value,
) -> Example {
    let wide = "33247007178036348590600198031289925668252061821958005840077069883511451257277";
    let mut random = message("10000", "1714812840");
    random["nonce"] = wide.into();
    Example {
        types,
        domain: at.permit2_domain(),
        message: message("1234000", "1714812840"),
        others: vec![
            ("at-once", "Valid from the beginning of time.", message("1234000", "0")),
            ("wide-nonce", "A nonce of 256 random bits, as x402's own example has it.", random),
            (
                "everything",
                "An unlimited amount.",
                message(
                    "115792089237316195423570985008687907853269984665640564039457584007913129639935",
                    "1714812840",
                ),
            ),
        ],
        signer: at.key("payer"),
    }
}

fn exact(at: &Deployment) -> Example {
    example(at, &EXACT, |amount, valid_after| {
        let witness = json!({ "to": at.address_of("payee"), "validAfter": valid_after });
        permitted(at, amount, lower(at.exact_proxy), witness)
    })
}

fn upto(at: &Deployment) -> Example {
    example(at, &UPTO, |amount, valid_after| {
        let witness = json!({
            "to": at.address_of("payee"),
            "facilitator": at.address_of("server"),
            "validAfter": valid_after,
        });
        permitted(at, amount, lower(at.upto_proxy), witness)
    })
}

#[cfg(test)]
mod tests {
    use conform402_wire::typed_data::{digest, hash_domain, hash_struct};
    use rstest::rstest;

    use super::*;

    /// Type hashes of the whole struct, as others computed them.
    #[rstest]
    #[case(&EXACT, exact, "0xebc156cd", "21c7")]
    #[case(&UPTO, upto, "0x51dff697", "70c2ee")]
    fn structs_have_their_type_hash(
        #[case] types: &Types,
        #[case] example: fn(&Deployment) -> Example,
        #[case] head: &str,
        #[case] tail: &str,
    ) {
        let message = example(&Deployment::default()).message;
        let hash = hash_struct(types, &message).unwrap().type_hash.to_string();
        assert!(hash.starts_with(head) && hash.ends_with(tail), "{hash}");
    }

    /// The digests of okx/onchainos-skills 4.4.10,
    /// `cli/src/payment/permit2/eip712.rs`, of its own messages.
    #[rstest]
    #[case(
        &EXACT,
        "1234000",
        "0x402085c248EeA27D92E8b30b2C58ed07f9E20001",
        json!({ "to": format!("0x{}beef", "0".repeat(36)), "validAfter": "1714812840" }),
        "0x3ffe06bf5e4edd78f53b87e84d297128e164e5ce5a74aeaa5fd3a82498619155"
    )]
    #[case(
        &UPTO,
        "5000000",
        "0x4020e7393B728A3939659E5732F87fdd8e680002",
        json!({
            "to": format!("0x{}beef", "0".repeat(36)),
            "facilitator": format!("0x{}cafe", "0".repeat(36)),
            "validAfter": "1714812840",
        }),
        "0x796938f26e4b4fc3292117cd3f61578144a0c794bc03394cd1bb315a365b66c9"
    )]
    fn digests_are_those_of_another_implementation(
        #[case] types: &Types,
        #[case] amount: &str,
        #[case] spender: &str,
        #[case] witness: Value,
        #[case] known: &str,
    ) {
        let at = Deployment::default();
        let mut message = permitted(&at, amount, spender.to_owned(), witness);
        message["deadline"] = "1714813500".into();
        let domain = hash_domain(&at.permit2_domain()).unwrap();
        let message = hash_struct(types, &message).unwrap();
        assert_eq!(digest(&domain.hash, &message.hash).to_string(), known);
    }
}
