//! Proofs of access: what a subscriber signs to use what it pays for.

use alloy::hex;
use alloy::primitives::{Address, B256, U256, eip191_hash_message, keccak256};
use conform402_wire::subscription::{AccessProof, KIND, NoAccess, NoProof, digest, packed};
use serde_json::{Value, json};

use crate::cases::Cases;
use crate::deployment::{Deployment, lower};
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, Steps, refuse};
use crate::signed::{
    broken_signatures, private_key, record_signature, recovered, sign_digest, signature_flags,
};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation {
            name: "period.access.sign",
            evaluate: |input, steps| sign(input, steps, &STANDARD),
            describe: describe_sign,
        },
        Operation { name: "period.access.verify", evaluate: verify, describe: describe_verify },
    ]
}

/// How a proof becomes a digest.
struct Hashing {
    pack: fn(&B256, &Address, u64) -> Vec<u8>,
    digest: fn(&B256) -> B256,
}

const STANDARD: Hashing = Hashing { pack: packed, digest };

/// `abi.encode` instead of `abi.encodePacked`.
const PADDED: Hashing = Hashing {
    pack: |sub_id, payer, timestamp| {
        let time = U256::from(timestamp).to_be_bytes::<32>();
        [sub_id.as_slice(), payer.into_word().as_slice(), &time].concat()
    },
    digest,
};

const NARROW: Hashing = Hashing {
    pack: |sub_id, payer, timestamp| {
        [sub_id.as_slice(), payer.as_slice(), &timestamp.to_be_bytes()].concat()
    },
    digest,
};

const TEXT: Hashing =
    Hashing { pack: packed, digest: |inner| eip191_hash_message(inner.to_string()) };

const BARE: Hashing = Hashing { pack: packed, digest: |inner| *inner };

const MILLISECONDS: Hashing = Hashing {
    pack: |sub_id, payer, timestamp| packed(sub_id, payer, timestamp.saturating_mul(1000)),
    digest,
};

const ANY_SUBSCRIPTION: Hashing =
    Hashing { pack: |_, payer, timestamp| packed(&B256::ZERO, payer, timestamp), digest };

const ANY_PAYER: Hashing =
    Hashing { pack: |sub_id, _, timestamp| packed(sub_id, &Address::ZERO, timestamp), digest };

const ANY_TIME: Hashing = Hashing { pack: |sub_id, payer, _| packed(sub_id, payer, 0), digest };

/// A way to hash a proof that is not the standard's.
struct Wrong {
    flag: &'static str,
    hunts: &'static str,
    /// Of the case that is signed so.
    name: &'static str,
    comment: &'static str,
    bug: fn(&Value) -> Result<Value, Refusal>,
    hashing: Hashing,
}

const WRONG: [Wrong; 8] = [
    Wrong {
        flag: "PaddedAddress",
        hunts: "encodes with abi.encode, which pads the address",
        name: "signed-padded",
        comment: "Signed over abi.encode, which pads the address.",
        bug: |input| otherwise(input, &PADDED),
        hashing: PADDED,
    },
    Wrong {
        flag: "NarrowTime",
        hunts: "packs the time into 8 bytes",
        name: "signed-narrow",
        comment: "Signed over the time in 8 bytes.",
        bug: |input| otherwise(input, &NARROW),
        hashing: NARROW,
    },
    Wrong {
        flag: "HashAsText",
        hunts: "signs the 66 characters of the hash instead of its 32 bytes, as wallets do with text",
        name: "signed-text",
        comment: "Signed over the 66 characters of the hash.",
        bug: |input| otherwise(input, &TEXT),
        hashing: TEXT,
    },
    Wrong {
        flag: "BareHash",
        hunts: "signs the hash without the prefix of EIP-191, under which any transaction could pass",
        name: "signed-bare",
        comment: "Signed without the prefix of EIP-191.",
        bug: |input| otherwise(input, &BARE),
        hashing: BARE,
    },
    Wrong {
        flag: "Milliseconds",
        hunts: "hashes the time in milliseconds",
        name: "signed-milliseconds",
        comment: "Signed over the time in milliseconds.",
        bug: |input| otherwise(input, &MILLISECONDS),
        hashing: MILLISECONDS,
    },
    Wrong {
        flag: "IgnoresSubscription",
        hunts: "leaves the subscription out, so that a proof holds for all of the payer's",
        name: "signed-without-subscription",
        comment: "Signed over no subscription.",
        bug: |input| otherwise(input, &ANY_SUBSCRIPTION),
        hashing: ANY_SUBSCRIPTION,
    },
    Wrong {
        flag: "IgnoresPayer",
        hunts: "leaves the payer out",
        name: "signed-without-payer",
        comment: "Signed over no payer.",
        bug: |input| otherwise(input, &ANY_PAYER),
        hashing: ANY_PAYER,
    },
    Wrong {
        flag: "IgnoresTime",
        hunts: "leaves the time out, so that a proof is renewed by whoever has seen it",
        name: "signed-without-time",
        comment: "Signed over no time.",
        bug: |input| otherwise(input, &ANY_TIME),
        hashing: ANY_TIME,
    },
];

/// Either operation with another hashing.
fn otherwise(input: &Value, hashing: &Hashing) -> Result<Value, Refusal> {
    let input = Input::new(input);
    let steps = &mut Steps::default();
    if input.optional("proof").is_none() {
        return sign(&input, steps, hashing);
    }
    let proof = read(&input)?;
    match proof.verify(input.integer("now")?) {
        Err(error @ (NoAccess::Past | NoAccess::Future)) => Err(no_access(error)),
        _ => {
            let inner = keccak256((hashing.pack)(&proof.sub_id, &proof.payer, proof.timestamp));
            let signer = recovered(&(hashing.digest)(&inner), &proof.signature)?;
            if signer != proof.payer {
                return refuse("other-signer");
            }
            Ok(json!({ "payer": lower(signer) }))
        }
    }
}

fn sign(input: &Input<'_>, steps: &mut Steps, hashing: &Hashing) -> Result<Value, Refusal> {
    let packed = (hashing.pack)(
        &input.bytes32("subId")?,
        &input.address("payer")?,
        input.integer("timestamp")?,
    );
    let digest = record_digest(steps, &packed, hashing);
    let signature = sign_digest(&private_key(input)?, &digest);
    record_signature(steps, &signature);
    Ok(json!({ "signature": hex::encode_prefixed(&signature) }))
}

fn record_digest(steps: &mut Steps, packed: &[u8], hashing: &Hashing) -> B256 {
    steps.record("packed", hex::encode_prefixed(packed));
    let inner = keccak256(packed);
    steps.record("inner", inner.to_string());
    let digest = (hashing.digest)(&inner);
    steps.record("digest", digest.to_string());
    digest
}

fn read(input: &Input<'_>) -> Result<AccessProof, Refusal> {
    AccessProof::read(input.object("proof")?.value()).map_err(no_proof)
}

pub(super) fn no_proof(error: NoProof) -> Refusal {
    match error {
        NoProof::Misfit(misfit) => misfit.into(),
        NoProof::OtherKind => Refusal::new("kind-is-unknown"),
        NoProof::NotBase64 => Refusal::new("field-is-no-base64url"),
        NoProof::NotJson(_) => Refusal::new("field-is-no-json"),
        NoProof::NotObject => Refusal::new("field-is-no-object"),
    }
}

fn no_access(error: NoAccess) -> Refusal {
    Refusal::new(match error {
        NoAccess::Past => "proof-too-old",
        NoAccess::Future => "proof-from-the-future",
        NoAccess::Signature(_) | NoAccess::OtherSigner => "other-signer",
    })
}

fn verify(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let proof = read(input)?;
    let packed = packed(&proof.sub_id, &proof.payer, proof.timestamp);
    let digest = record_digest(steps, &packed, &STANDARD);
    record_signature(steps, &proof.signature);
    match proof.verify(input.integer("now")?) {
        Err(NoAccess::Signature(_)) => {
            recovered(&digest, &proof.signature).and_then(|_| refuse("other-signer"))
        }
        Err(error) => Err(no_access(error)),
        Ok(()) => Ok(json!({ "payer": lower(proof.payer) })),
    }
}

fn about(cases: &mut Cases) {
    cases.profile("period-cli");
    cases.source(
        "Buyer credential for access / change / cancel routes. EIP-191 personal_sign, ±accessProofWindowSec window.",
        "OKX Node SDK Reference (seed 002), \"AccessProof\"",
    );
    cases.source(
        "AccessProof `inner = keccak256(abi.encodePacked(subId, payer, timestamp))`; the buyer EIP-191 personal-signs this 32-byte `inner`.",
        "onchainos-skills 4.4.10, cli/src/payment/subscription/eip712.rs",
    );
    cases.rule("The seed does not say what is signed; this is what onchainos signs.");
    cases.rule("inner = keccak256(subId ‖ payer ‖ timestamp), of 32, 20 and 32 bytes, the time in seconds and big-endian. The digest is keccak256(\"\\x19Ethereum Signed Message:\\n32\" ‖ inner).");
    cases.rule("timestamp is a JSON integer, Unix seconds.");
}

fn hashing_flags(cases: &mut Cases) {
    for wrong in WRONG {
        cases.flag(wrong.flag, wrong.hunts, Bug::differs(wrong.bug));
    }
    cases.flag(
        "TakesMisfits",
        "cuts, pads or defaults a member that does not fit its type",
        Bug::forgets_all(|reason| reason.ends_with("-is-missing") || reason.contains("-is-no-")),
    );
}

const NOW: u64 = 1_893_456_000;

fn subscription(byte: &str) -> String {
    format!("0x{}", byte.repeat(32))
}

fn describe_sign(cases: &mut Cases) {
    cases.summary("Signs a proof of access to a subscription.");
    about(cases);
    cases.rule(
        "The signature is r ‖ s ‖ v, deterministic (RFC 6979), with low s and v of 27 or 28.",
    );
    hashing_flags(cases);
    cases.flag(
        "ParityOfZeroOrOne",
        "writes v as 0 or 1, which ecrecover does not take",
        Bug::miswrites(|output| {
            if let Some(Value::String(text)) = output.get_mut("signature") {
                let v = if text.ends_with("1b") { "00" } else { "01" };
                text.replace_range(text.len() - 2.., v);
            }
        }),
    );
    let at = cases.deployment.clone();
    let key = hex::encode_prefixed(at.key("payer").to_bytes());
    cases.group(json!({ "privateKey": key }));
    let payer = at.address_of("payer");
    let checksummed = at.key("payer").address().to_checksum(None);
    let message = |sub_id: &str, payer: &str, timestamp: u64| json!({ "subId": sub_id, "payer": payer, "timestamp": timestamp });
    let zeros = format!("0x0000{}", "51".repeat(30));
    for (name, comment, sub_id, payer, timestamp) in [
        ("plain", "An ordinary proof.", &subscription("51"), &payer, NOW),
        ("another", "Another subscription.", &subscription("52"), &payer, NOW),
        ("later", "A second later.", &subscription("51"), &payer, NOW + 1),
        ("leading-zeros", "An id whose leading zeros a big integer drops.", &zeros, &payer, NOW),
        (
            "checksummed",
            "An address with the capitals of EIP-55: the same bytes.",
            &subscription("51"),
            &checksummed,
            NOW + 2,
        ),
        (
            "past-32-bits",
            "A time of more than 32 bits.",
            &subscription("51"),
            &payer,
            4_294_967_296,
        ),
        ("zero-time", "The beginning of time.", &subscription("51"), &payer, 0),
    ] {
        cases.valid(name, comment, message(sub_id, payer, timestamp));
    }
    let plain = message(&subscription("51"), &payer, NOW);
    misfits(cases, &plain, |value| value);
}

/// A message or proof with one member that does not fit.
fn misfits(cases: &mut Cases, plain: &Value, wrap: impl Fn(Value) -> Value) {
    for (name, comment, member, value, reason) in [
        (
            "subscription-short",
            "31 bytes; padding gives another id.",
            "subId",
            json!(&subscription("51")[..64]),
            "sub-id-is-no-bytes32",
        ),
        (
            "subscription-long",
            "33 bytes.",
            "subId",
            json!(subscription("51") + "51"),
            "sub-id-is-no-bytes32",
        ),
        (
            "subscription-unprefixed",
            "Without 0x.",
            "subId",
            json!("51".repeat(32)),
            "sub-id-is-no-bytes32",
        ),
        ("subscription-as-number", "A number.", "subId", json!(51), "sub-id-is-no-bytes32"),
        (
            "payer-short",
            "19 bytes.",
            "payer",
            json!(format!("0x{}", "11".repeat(19))),
            "payer-is-no-address",
        ),
        (
            "payer-as-did",
            "A DID instead of an address.",
            "payer",
            json!(format!("did:pkh:eip155:196:0x{}", "11".repeat(20))),
            "payer-is-no-address",
        ),
        (
            "time-negative",
            "Before the beginning of time.",
            "timestamp",
            json!(-1),
            "timestamp-is-no-integer",
        ),
        (
            "time-fraction",
            "A time with milliseconds.",
            "timestamp",
            json!(1_893_456_000.5),
            "timestamp-is-no-integer",
        ),
        (
            "time-as-date",
            "A date.",
            "timestamp",
            json!("2030-01-01T00:00:00Z"),
            "timestamp-is-no-integer",
        ),
    ] {
        let mut changed = plain.clone();
        changed[member] = value;
        cases.invalid(name, comment, wrap(changed), reason);
    }
    for (member, name) in [("subId", "sub-id"), ("payer", "payer"), ("timestamp", "timestamp")] {
        let mut lacking = plain.clone();
        if let Some(members) = lacking.as_object_mut() {
            members.remove(member);
        }
        cases.invalid(
            format!("no-{name}"),
            "A member is absent; nothing may stand in for it.",
            wrap(lacking),
            format!("{name}-is-missing"),
        );
    }
}

/// A good proof.
pub(super) fn proof(at: &Deployment, sub_id: &str, timestamp: u64) -> Value {
    signed_proof(at, sub_id, timestamp, &STANDARD, "payer")
}

fn signed_proof(
    at: &Deployment,
    sub_id: &str,
    timestamp: u64,
    hashing: &Hashing,
    role: &str,
) -> Value {
    let payer = at.key("payer").address();
    let packed = (hashing.pack)(&sub_id.parse().unwrap_or_default(), &payer, timestamp);
    let digest = (hashing.digest)(&keccak256(packed));
    json!({
        "kind": KIND,
        "subId": sub_id,
        "payer": lower(payer),
        "timestamp": timestamp,
        "signature": hex::encode_prefixed(sign_digest(&at.key(role), &digest)),
    })
}

fn describe_verify(cases: &mut Cases) {
    cases.summary("Verifies a proof of access to a subscription.");
    about(cases);
    cases.rule("The output's payer is the signer, in lower case, who must be the proof's payer. Its timestamp is at most 300 seconds from now, either way. Its kind is subscription-id.");
    cases.rule("The signature is r ‖ s ‖ v of 65 bytes, with low s and v of 27 or 28; no other form is taken.");
    hashing_flags(cases);
    signature_flags(cases);
    verify_flags(cases);
    let at = cases.deployment.clone();
    let sub_id = subscription("51");
    let good = proof(&at, &sub_id, NOW);
    cases.group(json!({ "now": NOW }));
    let given = |proof: Value| json!({ "proof": proof });
    cases.valid("plain", "Signed now.", given(good.clone()));
    cases.valid("another", "Another subscription.", given(proof(&at, &subscription("52"), NOW)));
    let zeros = format!("0x0000{}", "51".repeat(30));
    cases.valid("leading-zeros", "An id that begins with zeros.", given(proof(&at, &zeros, NOW)));
    let mut checksummed = good.clone();
    checksummed["payer"] = at.key("payer").address().to_checksum(None).into();
    cases.valid("checksummed", "An address with the capitals of EIP-55.", given(checksummed));
    for (name, comment, timestamp) in [
        ("a-moment-ago", "Signed 299 seconds ago.", NOW - 299),
        ("in-a-moment", "The buyer's clock is 299 seconds ahead.", NOW + 299),
    ] {
        cases.valid(name, comment, given(proof(&at, &sub_id, timestamp)));
    }
    for (name, comment, timestamp) in [
        ("at-the-edge", "Signed 300 seconds ago.", NOW - 300),
        ("at-the-far-edge", "The buyer's clock is 300 seconds ahead.", NOW + 300),
    ] {
        cases.valid(name, comment, given(proof(&at, &sub_id, timestamp))).should();
    }
    for (name, comment, timestamp, reason) in [
        ("too-old", "Signed 301 seconds ago.", NOW - 301, "proof-too-old"),
        ("a-day-old", "Signed a day ago.", NOW - 86_400, "proof-too-old"),
        ("ancient", "Signed at the beginning of time.", 0, "proof-too-old"),
        ("too-far-ahead", "Signed 301 seconds from now.", NOW + 301, "proof-from-the-future"),
        (
            "for-ever",
            "Signed in milliseconds: good for 50,000 years.",
            NOW * 1000,
            "proof-from-the-future",
        ),
    ] {
        cases.invalid(name, comment, given(proof(&at, &sub_id, timestamp)), reason);
    }
    let changed = |member: &str, value: Value| {
        let mut changed = good.clone();
        changed[member] = value;
        changed
    };
    for (name, comment, proof) in [
        (
            "another-subscription",
            "A good signature, for another subscription.",
            changed("subId", subscription("52").into()),
        ),
        (
            "another-time",
            "A good signature, of a second earlier.",
            changed("timestamp", (NOW + 1).into()),
        ),
        (
            "another-payer",
            "A good signature, shown for another payer.",
            changed("payer", at.address_of("stranger").into()),
        ),
        (
            "by-a-stranger",
            "A stranger signed for the payer.",
            signed_proof(&at, &sub_id, NOW, &STANDARD, "stranger"),
        ),
        (
            "by-the-merchant",
            "The merchant signed for the payer.",
            signed_proof(&at, &sub_id, NOW, &STANDARD, "payee"),
        ),
    ] {
        cases.invalid(name, comment, given(proof), "other-signer");
    }
    for wrong in WRONG {
        let proof = signed_proof(&at, &sub_id, NOW, &wrong.hashing, "payer");
        cases.invalid(wrong.name, wrong.comment, given(proof), "other-signer");
    }
    let bytes = good["signature"].as_str().and_then(|text| hex::decode(text).ok());
    for (name, comment, signature, reason) in broken_signatures(&bytes.unwrap_or_default()) {
        let signature = hex::encode_prefixed(signature);
        cases.invalid(name, comment, given(changed("signature", signature.into())), reason);
    }
    for (name, comment, kind) in [
        ("another-kind", "A proof of another kind.", "plan-id"),
        ("kind-in-capitals", "Its kind in capitals.", "SUBSCRIPTION-ID"),
    ] {
        cases.invalid(name, comment, given(changed("kind", kind.into())), "kind-is-unknown");
    }
    misfits(cases, &good, given);
}

fn verify_flags(cases: &mut Cases) {
    cases.flag(
        "AnySigner",
        "recovers a signer and does not compare it: every well-formed signature passes",
        Bug::forgets(&["other-signer"]),
    );
    cases.flag(
        "NoWindow",
        "does not look at the clock: a proof is good for ever",
        Bug::forgets(&["proof-too-old", "proof-from-the-future"]),
    );
    cases.flag(
        "OnlyPast",
        "looks only at how old a proof is, so that one can be made in advance",
        Bug::forgets(&["proof-from-the-future"]),
    );
    cases.flag(
        "ExclusiveWindow",
        "refuses a proof at the edge of the window",
        Bug::refuses(|input| {
            let time = input["proof"]["timestamp"].as_u64().unwrap_or_default();
            time.abs_diff(NOW) == conform402_wire::subscription::WINDOW
        }),
    );
    cases.flag(
        "NoSkew",
        "refuses a proof from a clock that is ahead",
        Bug::refuses(|input| input["proof"]["timestamp"].as_u64().is_some_and(|time| time > NOW)),
    );
    cases.flag("AnyKind", "takes a proof of any kind", Bug::forgets(&["kind-is-unknown"]));
}
