//! Names of networks.

use conform402_wire::x402::Network;
use conform402_wire::x402::network::NotNetwork;
use serde_json::{Value, json};

use super::offer::network;
use crate::cases::Cases;
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, Steps};

pub(crate) fn operations() -> Vec<Operation> {
    vec![Operation { name: "x402.network.parse", evaluate, describe }]
}

fn evaluate(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let text = input.text("network")?;
    if let Some((namespace, reference)) = text.split_once(':') {
        steps.record("namespace", namespace);
        steps.record("reference", reference);
    }
    let network = Network::parse(text).map_err(|error| {
        Refusal::new(match error {
            NotNetwork::NoNamespace => "no-namespace",
            NotNetwork::Namespace => "namespace-syntax",
            NotNetwork::Reference => "reference-syntax",
            NotNetwork::ChainId => "chain-id-syntax",
        })
    })?;
    let mut output = json!({ "namespace": network.namespace, "reference": network.reference });
    if let Some(id) = network.chain_id() {
        output["chainId"] = id.into();
    }
    Ok(output)
}

/// As parseInt() reads the reference of `eip155`: the digits it begins with.
fn as_parse_int(text: &str) -> String {
    let Some(reference) = text.strip_prefix("eip155:") else { return text.to_owned() };
    let reference = reference.trim_start();
    let end = reference.find(|c: char| !c.is_ascii_digit()).unwrap_or(reference.len());
    format!("eip155:{}", &reference[..end])
}

fn describe(cases: &mut Cases) {
    cases.profile("x402-v2");
    cases.summary("Reads the name of a network (CAIP-2).");
    cases.source(
        "Networks in x402 v2 use CAIP-2 (Chain Agnostic Improvement Proposal) format: `namespace:reference`.",
        "x402 specification v2, \"Network Identifiers\"",
    );
    cases.source(
        "network uses CAIP-2 identifiers (X Layer = \"eip155:196\").",
        "OKX Python SDK Reference (seed 000), \"x402ResourceServer\"",
    );
    cases.source(
        "namespace:   [-a-z0-9]{3,8}\nreference:   [-_a-zA-Z0-9]{1,32}",
        "CAIP-2, \"Syntax\"",
    );
    cases.source(
        "The format is an unsigned integer in decimal representation and corresponds to `CHAIN_ID` of EIP155.",
        "CAIP-3, \"Reference Definition\"",
    );
    cases.rule("A name is a namespace, [-a-z0-9]{3,8}, a colon, and a reference, [-_a-zA-Z0-9]{1,32}; case matters. The output has both, and for the namespace eip155, whose reference is decimal digits, the reference once more as the text chainId.");
    cases.rule("The steps are what stands before and behind the first colon, where there is one.");
    cases.rule("References past 32 characters SHOULD be refused: CAIP-2 forbids them, but x402's own schemes for some networks use longer ones. Whether needless zeros may precede a chain id is left open.");
    flags(cases);
    let here = network(&cases.deployment);
    let input = |network: &str| json!({ "network": network });
    for (name, comment, text) in [
        ("here", "The network of the deployment.", &*here),
        ("mainnet", "The shortest chain id.", "eip155:1"),
        ("base-sepolia", "What v1 calls base-sepolia.", "eip155:84532"),
        ("wide-chain-id", "Past 32 bits.", "eip155:4294967297"),
        (
            "solana",
            "A reference of letters in both cases.",
            "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp",
        ),
        (
            "solana-devnet",
            "Another network of the same namespace.",
            "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1",
        ),
        ("underscore", "A reference with an underscore.", "starknet:SN_GOERLI"),
        ("hyphens", "A reference with hyphens.", "cosmos:Binance-Chain-Tigris"),
        (
            "longest",
            "The longest name: 8 and 32 characters.",
            "chainstd:8c3444cf8970a9e41a706fab93e7a6c4",
        ),
        ("shortest", "The shortest name: 3 and 1.", "ach:u"),
        ("bank", "A network that is no chain.", "sepa:eu"),
        ("hyphen-in-the-namespace", "A namespace may have hyphens.", "t-net:1"),
        (
            "letters-for-another-namespace",
            "Only of eip155 must the reference be a number.",
            "stellar:pubnet",
        ),
    ] {
        if text != here || name == "here" {
            cases.valid(name, comment, input(text));
        }
    }
    for (name, comment, text, reason) in [
        ("empty", "No name.", "", "no-namespace"),
        ("name-of-version-1", "A name of v1 has no namespace.", "base-sepolia", "no-namespace"),
        ("word-of-version-1", "A name of v1 of one word.", "base", "no-namespace"),
        ("chain-id-alone", "A chain id alone.", "84532", "no-namespace"),
        ("slash", "Another separator.", "eip155/84532", "no-namespace"),
        ("no-namespace", "Nothing before the colon.", ":84532", "namespace-syntax"),
        ("short-namespace", "A namespace of 2.", "ab:1", "namespace-syntax"),
        ("long-namespace", "A namespace of 9.", "chainstd1:1", "namespace-syntax"),
        ("upper-case-namespace", "Case matters.", "EIP155:84532", "namespace-syntax"),
        (
            "underscore-in-the-namespace",
            "Only a reference may have underscores.",
            "eip_155:1",
            "namespace-syntax",
        ),
        ("leading-space", "A space before the name.", " eip155:84532", "namespace-syntax"),
        ("space-before-the-colon", "A space within.", "eip155 :84532", "namespace-syntax"),
        (
            "lookalike-namespace",
            "A Cyrillic letter that looks like e.",
            "\u{435}ip155:84532",
            "namespace-syntax",
        ),
        ("no-reference", "Nothing behind the colon.", "eip155:", "reference-syntax"),
        (
            "two-colons",
            "An account, not a network (CAIP-10).",
            "eip155:1:84532",
            "reference-syntax",
        ),
        ("wildcard", "A pattern of networks, not one.", "eip155:*", "reference-syntax"),
        ("trailing-space", "A space behind the name.", "eip155:84532 ", "reference-syntax"),
        ("trailing-newline", "A line feed behind the name.", "eip155:84532\n", "reference-syntax"),
        ("space-behind-the-colon", "A space within.", "eip155: 84532", "reference-syntax"),
        ("plus", "A sign.", "eip155:+84532", "reference-syntax"),
        ("point", "A fraction.", "eip155:1.5", "reference-syntax"),
        ("arabic-digits", "Digits of another script.", "eip155:١", "reference-syntax"),
        (
            "hexadecimal",
            "The chain id as eth_chainId gives it.",
            "eip155:0x14a34",
            "chain-id-syntax",
        ),
        ("letters", "No number.", "eip155:base", "chain-id-syntax"),
        (
            "letters-behind",
            "Digits, and then letters: a chain id to who stops at the first.",
            "eip155:84532abc",
            "chain-id-syntax",
        ),
        ("negative", "Below zero.", "eip155:-1", "chain-id-syntax"),
        ("exponent", "1 to who stops at the letter.", "eip155:1e3", "chain-id-syntax"),
    ] {
        cases.invalid(name, comment, input(text), reason);
    }
    cases.invalid(
        "as-number",
        "A chain id as a number.",
        json!({ "network": 84532 }),
        "network-is-no-text",
    );
    cases
        .invalid(
            "long-reference",
            "A reference of 33.",
            input("chainstd:8c3444cf8970a9e41a706fab93e7a6c4d"),
            "reference-syntax",
        )
        .should();
}

fn flags(cases: &mut Cases) {
    cases.flag(
        "AnyColon",
        "takes every text with a colon",
        Bug::forgets(&["namespace-syntax", "reference-syntax", "chain-id-syntax"]),
    );
    cases.flag(
        "NamesOfVersion1",
        "takes names without a namespace, and guesses the network",
        Bug::forgets(&["no-namespace"]),
    );
    cases.flag(
        "StopsAtTheFirstStranger",
        "reads the digits a chain id begins with and forgets the rest, as parseInt does: a payment on another chain",
        Bug::misreads_text("network", as_parse_int),
    );
    cases.flag(
        "FirstTwoParts",
        "splits at colons and takes the first two parts",
        Bug::misreads_text("network", |text| {
            text.splitn(3, ':').take(2).collect::<Vec<_>>().join(":")
        }),
    );
    cases.flag(
        "Trims",
        "drops white space around the parts",
        Bug::misreads_text("network", |text| {
            text.split(':').map(str::trim).collect::<Vec<_>>().join(":")
        }),
    );
    cases.flag(
        "IgnoresCase",
        "writes names in lower case, which names another network of Solana",
        Bug::misreads_text("network", str::to_lowercase),
    );
    cases.flag(
        "OnlyEvm",
        "refuses every namespace but eip155",
        Bug::refuses(|input| !input["network"].as_str().unwrap_or_default().starts_with("eip155:")),
    );
    cases.flag(
        "NumbersEverywhere",
        "asks of every namespace that its reference is a number",
        Bug::refuses(|input| {
            let text = input["network"].as_str().unwrap_or_default();
            text.split_once(':').is_some_and(|(_, reference)| reference.parse::<u64>().is_err())
        }),
    );
    cases.flag(
        "ThirtyTwoBits",
        "cuts chain ids to 32 bits, which may name another chain",
        Bug::misreads_text("network", |text| {
            let id = text.strip_prefix("eip155:").and_then(|id| id.parse::<u64>().ok());
            id.map_or_else(|| text.to_owned(), |id| format!("eip155:{}", id & 0xffff_ffff))
        }),
    );
    cases.flag("AnyType", "takes a number for the network", Bug::forgets(&["network-is-no-text"]));
}
