//! EIP-712 domain separators.

use conform402_wire::typed_data::hash_domain;
use serde_json::{Value, json};

use crate::cases::Cases;
use crate::deployment::lower;
use crate::operation::{Bug, Operation};
use crate::signed::record_domain;

pub(crate) fn operations() -> Vec<Operation> {
    vec![Operation {
        name: "evm.domain.separator",
        evaluate: |input, steps| {
            let domain = hash_domain(input.object("domain")?.value())?;
            record_domain(steps, &domain);
            Ok(json!({ "domainSeparator": domain.hash.to_string() }))
        },
        describe,
    }]
}

fn describe(cases: &mut Cases) {
    cases.summary("The EIP-712 domain separator of a contract.");
    cases.source(
        "Protocol designers only need to include the fields that make sense for their signing domain. Unused fields are left out of the struct type.",
        "EIP-712, \"Definition of domainSeparator\"",
    );
    cases.source(
        "Note that the Permit2 domain omits the `version` field.",
        "draft-evm-session-00, \"Permit2 Authorization\"",
    );
    cases.rule("The domain type has those of name, version, chainId and verifyingContract that the input has, in this order; one at least. chainId is a JSON integer, verifyingContract 0x and 40 hexadecimal digits in either case. Other members are ignored.");
    cases.rule("Steps: encodedDomain is what follows the type hash.");
    let at = cases.deployment.clone();
    let stranger = at.address_of("stranger");
    cases.flag(
        "NameAsAscii",
        "drops or replaces what is not ASCII in a name",
        Bug::misreads(|input| {
            if let Some(Value::String(name)) = input.pointer_mut("/domain/name") {
                *name = name.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
            }
        }),
    );
    cases.flag(
        "NameNormalized",
        "brings a name into another Unicode form before hashing it",
        Bug::misreads(|input| {
            if let Some(Value::String(name)) = input.pointer_mut("/domain/name") {
                *name = name.replace("e\u{301}", "\u{e9}");
            }
        }),
    );
    cases.flag(
        "AbsentAsEmpty",
        "hashes an absent member as an empty one instead of leaving it out of the type",
        Bug::misreads(|input| {
            let Some(domain) = input.get_mut("domain").filter(|domain| domain.is_object()) else {
                return;
            };
            for member in ["name", "version"] {
                if domain.get(member).is_none() {
                    domain[member] = "".into();
                }
            }
        }),
    );
    cases.flag(
        "EmptyAsAbsent",
        "leaves an empty member out of the type",
        Bug::misreads(|input| {
            if let Some(Value::Object(domain)) = input.get_mut("domain") {
                domain.retain(|_, value| value != "");
            }
        }),
    );
    cases.flag(
        "VersionTwo",
        "takes version 2 for every token, as that of USDC is",
        Bug::misreads(|input| {
            if let Some(version) = input.pointer_mut("/domain/version") {
                *version = "2".into();
            }
        }),
    );
    cases.flag(
        "ConstantChain",
        "hashes a constant for the chain id",
        Bug::misreads(|input| {
            if let Some(id) = input.pointer_mut("/domain/chainId").filter(|id| id.is_u64()) {
                *id = 0.into();
            }
        }),
    );
    cases.flag(
        "TakesMisfits",
        "hashes something for what is absent, or does not fit its type",
        Bug::forgets_all(|reason| reason.contains("-is-no-") || reason.starts_with("domain-is-")),
    );
    let mut named = |name: &str, comment: &str, domain: Value| {
        cases.valid(name, comment, json!({ "domain": domain }));
    };
    named("token", "The token, whose name is not ASCII.", at.token_domain());
    named("channels", "The escrow of channels.", at.channel_domain());
    named("permit2", "Permit2 has no version.", at.permit2_domain());
    named("subscriptions", "The subscription contract.", at.subscription_domain());
    let token = |name: &str, version: &str| {
        json!({
            "name": name,
            "version": version,
            "chainId": at.chain_id,
            "verifyingContract": lower(at.token),
        })
    };
    named("version-two", "A token of version 2.", token("Golden Coin", "2"));
    named("empty-version", "An empty version is not an absent one.", token("Token", ""));
    named("empty-name", "An empty name is not an absent one.", token("", "1"));
    named("composed", "An accent as one character.", token("Caf\u{e9}", "1"));
    named("decomposed", "The same accent as two: another name.", token("Cafe\u{301}", "1"));
    named("outside-the-plane", "A character of two UTF-16 units.", token("Coin 🪙", "1"));
    named("long", "A name of more than a word.", token(&"Token ".repeat(20), "1"));
    named(
        "checksummed",
        "The contract with the capitals of EIP-55.",
        json!({"name": "Token", "version": "1", "chainId": at.chain_id, "verifyingContract": at.token.to_checksum(None)}),
    );
    named(
        "another-contract",
        "The same token elsewhere.",
        json!({"name": "Token", "version": "1", "chainId": at.chain_id, "verifyingContract": stranger}),
    );
    named(
        "wide-chain-id",
        "A chain id of more than 32 bits.",
        json!({"name": "Token", "version": "1", "chainId": 4_294_967_296_u64 + at.chain_id, "verifyingContract": stranger}),
    );
    named("name-only", "Only a name.", json!({"name": "Token"}));
    named(
        "contract-only",
        "Only a contract and its chain.",
        json!({"chainId": at.chain_id, "verifyingContract": stranger}),
    );
    let mut refused = |name: &str, comment: &str, member: &str, value: Value, reason: &str| {
        let mut domain = token("Token", "1");
        domain[member] = value;
        cases.invalid(name, comment, json!({ "domain": domain }), reason);
    };
    refused(
        "short-contract",
        "19 bytes.",
        "verifyingContract",
        format!("0x{}", "11".repeat(19)).into(),
        "verifying-contract-is-no-address",
    );
    refused(
        "long-contract",
        "21 bytes.",
        "verifyingContract",
        format!("0x{}", "11".repeat(21)).into(),
        "verifying-contract-is-no-address",
    );
    refused(
        "unprefixed-contract",
        "Without 0x.",
        "verifyingContract",
        "11".repeat(20).into(),
        "verifying-contract-is-no-address",
    );
    refused(
        "no-hexadecimal",
        "A digit that is none.",
        "verifyingContract",
        format!("0x{}g1", "11".repeat(19)).into(),
        "verifying-contract-is-no-address",
    );
    refused("negative-chain", "Below zero.", "chainId", (-1).into(), "chain-id-is-no-uint256");
    refused(
        "chain-as-text",
        "A chain id that is no integer.",
        "chainId",
        "196".into(),
        "chain-id-is-no-uint256",
    );
    refused("fractional-chain", "No integer.", "chainId", json!(1.5), "chain-id-is-no-uint256");
    refused("name-as-number", "A name that is no text.", "name", 402.into(), "name-is-no-string");
    refused(
        "version-as-number",
        "A version that is no text: 1 is not \"1\".",
        "version",
        1.into(),
        "version-is-no-string",
    );
    cases.invalid(
        "empty",
        "A domain that separates nothing.",
        json!({ "domain": {} }),
        "domain-is-empty",
    );
    cases.invalid("missing", "No domain at all.", json!({}), "domain-is-missing");
}
