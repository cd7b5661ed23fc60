//! The first signature of a subscriber: Permit2's PermitSingle, an allowance
//! for the subscription contract.

use alloy::hex;
use alloy::primitives::keccak256;
use conform402_wire::typed_data::{Types, digest, hash_domain, hash_struct};
use serde_json::{Value, json};

use crate::cases::Cases;
use crate::deployment::{Deployment, lower};
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, Steps};
use crate::signed::{Example, signed_struct};

const DETAILS: (&str, &str) =
    ("PermitDetails", "address token,uint160 amount,uint48 expiration,uint48 nonce");

const SINGLE: [(&str, &str); 2] =
    [("PermitSingle", "PermitDetails details,address spender,uint256 sigDeadline"), DETAILS];

pub(crate) fn operations() -> Vec<Operation> {
    let mut operations = signed_struct!(
        "period.permit-single",
        "the allowance of a subscription, Permit2's PermitSingle",
        SINGLE,
        about,
        example
    )
    .to_vec();
    operations.push(Operation {
        name: "period.permit-hash",
        evaluate: |input, steps| evaluate(&SINGLE, input, steps),
        describe: describe_hash,
    });
    operations
}

fn about(cases: &mut Cases) {
    cases.source(
        "A single buyer-side double-signature (Permit2 PermitSingle + SubscriptionTerms) authorises N periods of pulls",
        "OKX Node SDK Reference (seed 002), \"Subscription Payments (period scheme)\"",
    );
    cases.source(
        "spender: string; // subscription contract address",
        "OKX Node SDK Reference (seed 002), \"PaymentPayload\"",
    );
    cases.rule("The type is that of Permit2: PermitSingle(PermitDetails details,address spender,uint256 sigDeadline)PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce). Its domain has no version.");
    cases.rule(
        "Every integer of the input is a decimal string, whatever a payload has on the wire.",
    );
}

/// An allowance for twelve periods.
pub(super) fn permit(at: &Deployment) -> Value {
    let expiration = "1924992000";
    allowed(at, "12000000", expiration, "0", "1893456000")
}

/// The hash that terms hold.
pub(super) fn permit_hash(at: &Deployment) -> String {
    hash_struct(&SINGLE, &permit(at))
        .map_or_else(|_| String::new(), |hashed| hashed.hash.to_string())
}

fn allowed(at: &Deployment, amount: &str, expiration: &str, nonce: &str, deadline: &str) -> Value {
    json!({
        "details": {
            "token": lower(at.token),
            "amount": amount,
            "expiration": expiration,
            "nonce": nonce,
        },
        "spender": lower(at.subscription),
        "sigDeadline": deadline,
    })
}

/// 2^160 − 1, 2^48 − 1 and 2^256 − 1.
const MOST_AMOUNT: &str = "1461501637330902918203684832716283019655932542975";
const MOST_TIME: &str = "281474976710655";
const NEVER: &str =
    "115792089237316195423570985008687907853269984665640564039457584007913129639935";

fn others(at: &Deployment) -> Vec<(&'static str, &'static str, Value)> {
    let mut checksummed = permit(at);
    checksummed["spender"] = at.subscription.to_checksum(None).into();
    vec![
        (
            "next-nonce",
            "The second allowance of this token and spender.",
            allowed(at, "12000000", "1924992000", "1", "1893456000"),
        ),
        (
            "everything",
            "2^160 − 1, which Permit2 never lowers, for ever.",
            allowed(at, MOST_AMOUNT, MOST_TIME, "0", NEVER),
        ),
        (
            "past-a-double",
            "An amount that a double rounds.",
            allowed(at, "9007199254740993", "1924992000", "0", "1893456000"),
        ),
        (
            "past-64-bits",
            "An amount that no 64-bit integer holds.",
            allowed(at, "18446744073709551616", "1924992000", "0", "1893456000"),
        ),
        ("checksummed", "A spender with the capitals of EIP-55.", checksummed),
    ]
}

fn example(at: &Deployment) -> Example {
    Example {
        types: &SINGLE,
        domain: at.permit2_domain(),
        message: permit(at),
        others: others(at),
        signer: at.key("payer"),
    }
}

fn evaluate(types: &Types, input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let permit = input.object("permitSingle")?;
    let details = hash_struct(&[DETAILS], permit.object("details")?.value())?;
    steps.record("detailsTypeHash", details.type_hash.to_string());
    steps.record("encodedDetails", hex::encode_prefixed(details.encoded_data));
    steps.record("detailsHash", details.hash.to_string());
    let hashed = hash_struct(types, permit.value())?;
    steps.record("encodedType", hashed.encoded_type);
    steps.record("typeHash", hashed.type_hash.to_string());
    steps.record("encodedData", hex::encode_prefixed(hashed.encoded_data));
    Ok(json!({ "permitHash": hashed.hash.to_string() }))
}

/// The hash with the details' words instead of their hash.
fn inlined(input: &Value) -> Result<Value, Refusal> {
    let permit = &input["permitSingle"];
    let details = hash_struct(&[DETAILS], &permit["details"])?;
    let whole = hash_struct(&SINGLE, permit)?;
    let rest = &whole.encoded_data[32..];
    let hash = keccak256([whole.type_hash.as_slice(), &details.encoded_data, rest].concat());
    Ok(json!({ "permitHash": hash.to_string() }))
}

/// The hash under a type that leaves out the one it holds.
fn half_typed(input: &Value) -> Result<Value, Refusal> {
    let whole = hash_struct(&SINGLE, &input["permitSingle"])?;
    let half = format!("{}({})", SINGLE[0].0, SINGLE[0].1);
    let hash = keccak256([keccak256(half).as_slice(), &whole.encoded_data].concat());
    Ok(json!({ "permitHash": hash.to_string() }))
}

fn describe_hash(cases: &mut Cases) {
    cases
        .summary("The hash of an allowance that the terms of a subscription hold: its hashStruct.");
    about(cases);
    cases.rule("permitHash is hashStruct(permitSingle) of EIP-712, not the digest that is signed: no domain enters.");
    let at = cases.deployment.clone();
    hash_flags(cases, &at);
    let plain = permit(&at);
    cases.valid("plain", "An allowance for twelve periods.", json!({ "permitSingle": plain }));
    for (name, comment, permit) in others(&at) {
        cases.valid(name, comment, json!({ "permitSingle": permit }));
    }
    let with = |pointer: &str, value: Value| {
        let mut changed = plain.clone();
        if let Some(place) = changed.pointer_mut(pointer) {
            *place = value;
        }
        json!({ "permitSingle": changed })
    };
    for (name, comment, pointer, value) in [
        ("another-token", "Another token.", "/details/token", at.address_of("stranger")),
        ("another-spender", "Another spender.", "/spender", at.address_of("stranger")),
        ("zero-deadline", "A signature that expired at once.", "/sigDeadline", "0".to_owned()),
        (
            "zero-amount",
            "An allowance of nothing, which takes one back.",
            "/details/amount",
            "0".to_owned(),
        ),
        ("zero-expiration", "An allowance for this block.", "/details/expiration", "0".to_owned()),
    ] {
        cases.valid(name, comment, with(pointer, value.into()));
    }
    let short = format!("0x{}", "11".repeat(19));
    for (name, comment, pointer, value, reason) in [
        ("token-short", "19 bytes.", "/details/token", short.as_str(), "token-is-no-address"),
        ("spender-short", "19 bytes.", "/spender", &short, "spender-is-no-address"),
        (
            "amount-past-the-range",
            "2^160, which wraps to zero.",
            "/details/amount",
            "1461501637330902918203684832716283019655932542976",
            "amount-is-no-uint160",
        ),
        ("amount-negative", "Below zero.", "/details/amount", "-1", "amount-is-no-uint160"),
        (
            "amount-in-tokens",
            "An amount of whole tokens.",
            "/details/amount",
            "12.0",
            "amount-is-no-uint160",
        ),
        (
            "expiration-past-the-range",
            "2^48, which wraps to zero.",
            "/details/expiration",
            "281474976710656",
            "expiration-is-no-uint48",
        ),
        (
            "expiration-negative",
            "Below zero.",
            "/details/expiration",
            "-1",
            "expiration-is-no-uint48",
        ),
        (
            "nonce-past-the-range",
            "2^48, which wraps to zero.",
            "/details/nonce",
            "281474976710656",
            "nonce-is-no-uint48",
        ),
        ("nonce-negative", "Below zero.", "/details/nonce", "-1", "nonce-is-no-uint48"),
        (
            "deadline-past-the-range",
            "2^256, which wraps to zero.",
            "/sigDeadline",
            "115792089237316195423570985008687907853269984665640564039457584007913129639936",
            "sig-deadline-is-no-uint256",
        ),
        ("deadline-negative", "Below zero.", "/sigDeadline", "-1", "sig-deadline-is-no-uint256"),
    ] {
        cases.invalid(name, comment, with(pointer, value.into()), reason);
    }
    for (pointer, name) in [
        ("/details/token", "token"),
        ("/details/amount", "amount"),
        ("/details/expiration", "expiration"),
        ("/details/nonce", "nonce"),
        ("/spender", "spender"),
        ("/sigDeadline", "sig-deadline"),
        ("/details", "details"),
    ] {
        let mut lacking = plain.clone();
        let (parent, member) = pointer.rsplit_once('/').unwrap_or_default();
        if let Some(Value::Object(members)) = lacking.pointer_mut(parent) {
            members.remove(member);
        }
        cases.invalid(
            format!("no-{name}"),
            "A member is absent; nothing may stand in for it.",
            json!({ "permitSingle": lacking }),
            format!("{name}-is-missing"),
        );
    }
    cases.invalid(
        "details-as-list",
        "A list of one, as a batch has it.",
        with("/details", json!([plain["details"]])),
        "details-is-no-object",
    );
    cases.invalid(
        "details-as-hash",
        "The hash of the details instead of them.",
        with("/details", format!("0x{}", "de".repeat(32)).into()),
        "details-is-no-object",
    );
}

fn hash_flags(cases: &mut Cases, at: &Deployment) {
    let separator = hash_domain(&at.permit2_domain()).map(|hashed| hashed.hash).unwrap_or_default();
    cases.flag(
        "Digest",
        "takes the digest that is signed instead of the hash of the struct",
        Bug::miswrites(move |output| {
            let hash = output["permitHash"].as_str().and_then(|text| text.parse().ok());
            output["permitHash"] = digest(&separator, &hash.unwrap_or_default()).to_string().into();
        }),
    );
    cases.flag(
        "Inlined",
        "encodes the details' words where their hash belongs",
        Bug::differs(inlined),
    );
    cases.flag(
        "HalfTyped",
        "leaves the type of the details out of the type",
        Bug::differs(half_typed),
    );
    for (flag, pointer, zero) in [
        (
            "IgnoresToken",
            "/permitSingle/details/token",
            "0x0000000000000000000000000000000000000000",
        ),
        ("IgnoresAmount", "/permitSingle/details/amount", "0"),
        ("IgnoresExpiration", "/permitSingle/details/expiration", "0"),
        ("IgnoresNonce", "/permitSingle/details/nonce", "0"),
        ("IgnoresSpender", "/permitSingle/spender", "0x0000000000000000000000000000000000000000"),
        ("IgnoresDeadline", "/permitSingle/sigDeadline", "0"),
    ] {
        cases.flag(
            flag,
            "hashes a member as zero, so that the terms hold for any",
            Bug::misreads(move |input| {
                if let Some(place) = input.pointer_mut(pointer) {
                    *place = zero.into();
                }
            }),
        );
    }
    cases.flag(
        "TakesMisfits",
        "cuts, pads, wraps or defaults a member that does not fit its type",
        Bug::forgets_all(|reason| reason.ends_with("-is-missing") || reason.contains("-is-no-")),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recomputed with eth_utils from the type as Permit2's PermitHash has it.
    #[test]
    fn the_type_is_that_of_permit2() {
        let hashed = hash_struct(&SINGLE, &permit(&Deployment::default())).unwrap();
        assert_eq!(
            hashed.type_hash.to_string(),
            "0xf3841cd1ff0085026a6327b620b67997ce40f282c88a8e905a7a5626e310f3d0"
        );
    }
}
