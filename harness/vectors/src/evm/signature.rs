//! Recovery of a signer.

use alloy::hex;
use alloy::primitives::{B256, U256, keccak256};
use conform402_wire::signature::ORDER;
use serde_json::json;

use crate::cases::Cases;
use crate::deployment::lower;
use crate::operation::{Bug, Operation};
use crate::signed::{broken_signatures, record_signature, recovered, sign_digest, signature_flags};

pub(crate) fn operations() -> Vec<Operation> {
    vec![Operation {
        name: "evm.signature.recover",
        evaluate: |input, steps| {
            let digest = input.bytes32("digest")?;
            let signature = input.bytes("signature")?;
            record_signature(steps, &signature);
            Ok(json!({ "signer": lower(recovered(&digest, &signature)?) }))
        },
        describe,
    }]
}

fn describe(cases: &mut Cases) {
    cases.summary(
        "Who signed a digest, by the rules of contracts that take no malleable signature.",
    );
    cases.source(
        "The escrow contract MUST enforce canonical (low-s) signatures to prevent this.",
        "draft-evm-session-00, \"Signature Malleability\"",
    );
    cases.source(
        "takes a 32-byte hash and outputs a 65-byte r||s||v (v∈{27,28})",
        "OKX Python SDK Reference (seed 000), \"Signer (mpp_evm.signer)\"",
    );
    cases.rule("65 bytes r ‖ s ‖ v; v is 27 or 28; r and s lie above 0 and below the group's order n; s is at most n/2.");
    signature_flags(cases);
    cases.flag(
        "SwappedParity",
        "takes 27 for 28 and 28 for 27",
        Bug::misreads_text("signature", |text| {
            let flipped = match text.get(text.len().saturating_sub(2)..) {
                Some("1b") => "1c",
                Some("1c") => "1b",
                _ => return text.to_owned(),
            };
            text[..text.len() - 2].to_owned() + flipped
        }),
    );
    cases.flag(
        "NoPoint",
        "answers some address for an r that no point of the curve has as its x",
        Bug::forgets(&["signature-no-point"]),
    );
    let key = cases.deployment.key("payer");
    let digest = |text: &str| keccak256(format!("{}/{text}", cases.deployment.chain_id));
    let input = |digest: &B256, signature: &[u8]| json!({ "digest": digest.to_string(), "signature": hex::encode_prefixed(signature) });
    // One digest whose signature has v 27, and one with 28.
    let by_parity = |v: u8| {
        (0..)
            .map(|index| digest(&format!("digest {index}")))
            .map(|digest| (digest, sign_digest(&key, &digest)))
            .find(|(_, signature)| signature[64] == v)
            .unwrap_or_default()
    };
    let (even, even_signature) = by_parity(27);
    let (odd, odd_signature) = by_parity(28);
    cases.valid("v-27", "A point with an even y.", input(&even, &even_signature));
    cases.valid("v-28", "A point with an odd y.", input(&odd, &odd_signature));
    for (name, text) in [("zero", B256::ZERO), ("ones", B256::repeat_byte(0xff))] {
        cases.valid(
            format!("digest-{name}"),
            "An extreme digest is signed like others.",
            input(&text, &sign_digest(&key, &text)),
        );
    }
    for role in ["payee", "delegate", "server", "stranger"] {
        let key = cases.deployment.key(role);
        cases.valid(
            format!("key-of-the-{role}"),
            "Another key.",
            input(&even, &sign_digest(&key, &even)),
        );
    }
    // Recovery needs no private key: any r on the curve and any s make a signer.
    let generator = U256::from_str_radix(
        "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        16,
    )
    .unwrap_or_default();
    let made = |r: U256, s: U256, v: u8| {
        [&r.to_be_bytes::<32>()[..], &s.to_be_bytes::<32>(), &[v]].concat()
    };
    cases.valid("s-one", "The least s.", input(&even, &made(generator, U256::from(1), 27)));
    cases.valid(
        "s-half",
        "The highest s that is low: (n − 1)/2.",
        input(&even, &made(generator, ORDER >> 1, 28)),
    );
    cases.invalid(
        "s-past-half",
        "The least s that is high: (n + 1)/2.",
        input(&even, &made(generator, (ORDER >> 1) + U256::from(1), 28)),
        "signature-high-s",
    );
    cases.invalid(
        "s-below-order",
        "The highest s below n.",
        input(&even, &made(generator, ORDER - U256::from(1), 27)),
        "signature-high-s",
    );
    // 5 is the least x that no point of y² = x³ + 7 has.
    cases.invalid(
        "r-off-the-curve",
        "No point has 5 as its x.",
        input(&even, &made(U256::from(5), U256::from(1), 27)),
        "signature-no-point",
    );
    cases.invalid(
        "r-past-order",
        "r is n + 1.",
        input(&even, &made(ORDER + U256::from(1), U256::from(1), 27)),
        "signature-scalar",
    );
    cases.invalid(
        "r-most",
        "r is 2^256 − 1.",
        input(&even, &made(U256::MAX, U256::from(1), 27)),
        "signature-scalar",
    );
    for (digest, signature, parity) in
        [(even, &even_signature, "even"), (odd, &odd_signature, "odd")]
    {
        for (name, comment, broken, reason) in broken_signatures(signature) {
            if parity == "even" || matches!(name, "high-s" | "v-unshifted" | "v-eip155" | "compact")
            {
                let name = format!("{name}-{parity}");
                cases.invalid(name, comment, input(&digest, &broken), reason);
            }
        }
    }
    for (v, name) in [(2, "v-2"), (31, "v-31"), (255, "v-255")] {
        let mut signature = even_signature.clone();
        signature[64] = v;
        cases.invalid(
            name,
            "v is neither 27 nor 28.",
            input(&even, &signature),
            "signature-parity",
        );
    }
    cases.flag(
        "OtherDigest",
        "pads or cuts a digest that is not 32 bytes, and so recovers somebody",
        Bug::forgets(&["digest-is-no-bytes32"]),
    );
    for (name, comment, length) in [
        ("digest-short", "A digest of 31 bytes.", 31),
        ("digest-long", "A digest of 33 bytes.", 33),
    ] {
        let digest = hex::encode_prefixed(vec![0x11; length]);
        let signature = hex::encode_prefixed(&even_signature);
        let input = json!({ "digest": digest, "signature": signature });
        cases.invalid(name, comment, input, "digest-is-no-bytes32");
    }
}
