//! Who pays, as a DID. draft-evm-charge-00, "Credential Structure".

use conform402_wire::did::{DidPkh, NoPayer, NotDidPkh};
use serde_json::{Value, json};

use crate::cases::Cases;
use crate::deployment::lower;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal};

pub(crate) fn operations() -> Vec<Operation> {
    vec![Operation { name: "mpp.did.parse", evaluate: |input, _| parse(input), describe }]
}

fn parse(input: &Input<'_>) -> Result<Value, Refusal> {
    let payer: DidPkh = input.text("text")?.parse().map_err(|error: NotDidPkh| {
        Refusal::new(match error.cause {
            NoPayer::Method => "other-method",
            NoPayer::Namespace => "other-namespace",
            NoPayer::Chain => "no-chain-id",
            NoPayer::Address => "no-address",
        })
    })?;
    Ok(json!({ "chainId": payer.chain_id, "address": lower(payer.address) }))
}

/// Spellings by which a lenient reader means the same payer: no source says
/// that it must not.
const SAME_PAYER: &[&str] = &[
    "capital-scheme",
    "capital-method",
    "capital-namespace",
    "space-in-front",
    "space-behind",
    "line-break-behind",
    "fragment",
    "chain-with-plus",
    "chain-fractional",
    "chain-exponent",
    "chain-hexadecimal",
    "chain-leading-zero",
    "chain-leading-zeros",
    "space-in-the-chain",
    "underscore-in-the-chain",
    "address-unprefixed",
    "address-capital-prefix",
    "address-two-prefixes",
];

fn describe(cases: &mut Cases) {
    cases.summary("Chain and account of a payer that a credential names as its source.");
    cases.source(
        "The `source` field, if present, SHOULD use the `did:pkh` method with the chain ID from the challenge and the payer's address",
        "draft-evm-charge-00, \"Credential Structure\"",
    );
    cases.rule("The text is did:pkh:eip155:, a chain id in decimal without sign and leading zeros, a colon, and an address of 0x and 40 hexadecimal digits in any case; nothing else, in front, behind or in between.");
    cases.rule("`chainId` is an integer, `address` is in lower case. Capitals are not checked as a checksum.");
    flags(cases);
    let at = cases.deployment.clone();
    let (chain, payer) = (at.chain_id, at.key("payer").address());
    let (plain, checksummed) = (lower(payer), payer.to_checksum(None));
    let digits = &plain[2..];
    let did = |chain: &str, address: &str| format!("did:pkh:eip155:{chain}:{address}");
    let here = chain.to_string();
    let mut valid = |name: &str, comment: &str, text: String| {
        cases.valid(name, comment, json!({ "text": text }));
    };
    valid("plain", "In lower case.", did(&here, &plain));
    valid("checksummed", "With the capitals of EIP-55.", did(&here, &checksummed));
    valid("capitals", "Digits in capitals.", did(&here, &format!("0x{}", digits.to_uppercase())));
    valid("other-account", "Another payer.", did(&here, &at.address_of("stranger")));
    valid(
        "zero-account",
        "Whether it can pay is another question.",
        did(&here, &format!("0x{}", "0".repeat(40))),
    );
    let digit = if chain == 1 { "2" } else { "1" };
    valid("one-digit", "The shortest chain id.", did(digit, &plain));
    valid("other-chain", "Another chain.", did(&chain.wrapping_add(1000).to_string(), &plain));
    let wide = 4_294_967_296_u64.wrapping_add(chain).to_string();
    valid("past-32-bits", "A chain id of more than 32 bits.", did(&wide, &plain));
    valid(
        "most",
        "The greatest chain id that every JSON reader keeps: 2^53 − 1.",
        did("9007199254740991", &plain),
    );
    let mut invalid = |name: &str, comment: &str, text: String, reason: &str| {
        let case = cases.invalid(name, comment, json!({ "text": text }), reason);
        if SAME_PAYER.contains(&name) {
            case.should();
        }
    };
    for (name, comment, text) in [
        ("empty", "No text.", String::new()),
        ("address-alone", "An address without its chain.", plain.clone()),
        ("caip-10", "An account without its method.", format!("eip155:{here}:{plain}")),
        (
            "did-key",
            "A method without chain and address.",
            "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK".to_owned(),
        ),
        ("did-ethr", "Another method of an account.", format!("did:ethr:{here}:{plain}")),
        ("did-alone", "The method is missing.", format!("did:eip155:{here}:{plain}")),
        ("capital-scheme", "DID schemes are lower case.", format!("DID:pkh:eip155:{here}:{plain}")),
        (
            "capital-method",
            "Methods of DIDs are lower case.",
            format!("did:PKH:eip155:{here}:{plain}"),
        ),
        ("space-in-front", "White space.", format!(" {}", did(&here, &plain))),
        (
            "something-in-front",
            "A DID at the end of something else.",
            format!("x{}", did(&here, &plain)),
        ),
    ] {
        invalid(name, comment, text, "other-method");
    }
    for (name, comment, namespace) in [
        ("solana", "Another kind of chain, whose addresses are others.", "solana"),
        ("bip122", "Bitcoin.", "bip122"),
        ("capital-namespace", "Namespaces are lower case.", "EIP155"),
        ("eip1559", "Not a namespace, but nearly one.", "eip1559"),
        ("no-namespace", "An empty namespace.", ""),
    ] {
        let text = format!("did:pkh:{namespace}:{here}:{plain}");
        invalid(name, comment, text, "other-namespace");
    }
    invalid(
        "namespace-missing",
        "Only chain and address.",
        format!("did:pkh:{here}:{plain}"),
        "other-namespace",
    );
    for (name, comment, id) in [
        ("chain-empty", "No chain id.", String::new()),
        ("chain-name", "A name for a chain id.", "mainnet".to_owned()),
        ("chain-hexadecimal", "Chain ids are decimal.", format!("{chain:#x}")),
        ("chain-with-plus", "No sign.", format!("+{here}")),
        ("chain-negative", "No sign.", format!("-{here}")),
        ("chain-fractional", "No fraction.", format!("{here}.0")),
        ("chain-exponent", "No exponent.", format!("{here}e0")),
        ("chain-and-letter", "A digit too few, or a letter too many.", format!("{here}x")),
        ("space-in-the-chain", "White space.", format!("{here} ")),
        ("underscore-in-the-chain", "Digits in groups.", "1_000".to_owned()),
        ("wildcard", "Every chain.", "*".to_owned()),
    ] {
        invalid(name, comment, did(&id, &plain), "no-chain-id");
    }
    for (name, comment, address) in [
        ("address-empty", "No address.", String::new()),
        ("address-short", "A byte short.", plain[..40].to_owned()),
        ("address-long", "A byte too many.", format!("{plain}00")),
        ("address-half-a-byte-short", "A digit short.", plain[..41].to_owned()),
        ("address-unprefixed", "Without 0x.", digits.to_owned()),
        ("address-capital-prefix", "Another prefix.", format!("0X{digits}")),
        ("address-two-prefixes", "0x twice.", format!("0x{plain}")),
        ("address-no-digit", "A digit that is none.", format!("0xg{}", &digits[1..])),
        ("address-name", "A name for an address.", "payer.eth".to_owned()),
        ("address-hash", "A word of 32 bytes.", format!("0x{}{digits}", "0".repeat(24))),
        ("space-behind", "White space.", format!("{plain} ")),
        ("line-break-behind", "White space.", format!("{plain}\n")),
        ("fragment", "A DID URL, not a DID.", format!("{plain}#blockchainAccountId")),
        ("another-part", "A part too many.", format!("{plain}:{plain}")),
    ] {
        invalid(name, comment, did(&here, &address), "no-address");
    }
    invalid("address-missing", "A chain alone.", format!("did:pkh:eip155:{here}"), "no-address");
    for (name, comment, id) in [
        ("chain-leading-zero", "A second spelling of the same payer.", format!("0{here}")),
        ("chain-leading-zeros", "A third one.", format!("{chain:020}")),
    ] {
        invalid(name, comment, did(&id, &plain), "no-chain-id");
    }
}

fn flags(cases: &mut Cases) {
    cases.flag(
        "OtherMethod",
        "does not look at scheme and method",
        Bug::forgets(&["other-method"]),
    );
    cases.flag(
        "OtherNamespace",
        "takes an account of another kind of chain for one of this",
        Bug::forgets(&["other-namespace"]),
    );
    cases.flag(
        "NumberFromText",
        "reads the chain id with a general parser of numbers: signs, zeros, other bases, text behind it",
        Bug::forgets(&["no-chain-id"]),
    );
    cases.flag(
        "AddressUnchecked",
        "takes any text for an address, so that no payer or another one is compared",
        Bug::forgets(&["no-address"]),
    );
    cases.flag(
        "LastPart",
        "takes what stands behind the last colon for the address, whatever stands before",
        Bug::misreads_text("text", |text| match text.rsplit_once(':') {
            Some((_, address)) => format!("did:pkh:eip155:1:{address}"),
            None => text.to_owned(),
        }),
    );
    cases.flag("Trims", "removes white space", Bug::misreads_text("text", |t| t.trim().to_owned()));
    cases.flag(
        "FoldsCase",
        "takes scheme, method and prefix in capitals",
        Bug::misreads_text("text", str::to_ascii_lowercase),
    );
    cases.flag(
        "KeepsCase",
        "keeps the address as it is written, so that one payer is two",
        Bug::differs(|input| {
            let mut output = parse(&Input::new(input))?;
            output["address"] = input["text"].as_str().and_then(|t| t.rsplit(':').next()).into();
            Ok(output)
        }),
    );
    cases.flag(
        "LowerCaseOnly",
        "refuses an address with capitals",
        Bug::refuses(|input| {
            input["text"]
                .as_str()
                .is_some_and(|text| text.contains(|c: char| c.is_ascii_uppercase()))
        }),
    );
    cases.flag(
        "ThirtyTwoBits",
        "cuts the chain id to 32 bits",
        Bug::miswrites(|output| {
            let chain_id = output["chainId"].as_u64().unwrap_or_default();
            output["chainId"] = (chain_id & u64::from(u32::MAX)).into();
        }),
    );
}
