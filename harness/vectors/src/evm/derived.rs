//! Ids and nonces that both sides derive.

use alloy::hex;
use alloy::primitives::{U256, keccak256};
use alloy::sol_types::SolValue as _;
use serde_json::{Value, json};

use crate::cases::Cases;
use crate::change::{with, without};
use crate::deployment::{Deployment, lower};
use crate::input::{Input, capitalized};
use crate::operation::{Bug, Operation, Refusal, Steps, refuse};
use crate::signed::rule_of_forms;

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation { name: "evm.channel.id", evaluate: channel_id, describe: channel_id_cases },
        Operation {
            name: "evm.open-nonce.okx",
            evaluate: open_nonce_okx,
            describe: open_nonce_okx_cases,
        },
        Operation {
            name: "evm.open-nonce.ietf",
            evaluate: open_nonce_ietf,
            describe: open_nonce_ietf_cases,
        },
        Operation { name: "evm.top-up-nonce", evaluate: top_up_nonce, describe: top_up_cases },
        Operation {
            name: "evm.challenge-hash",
            evaluate: challenge_hash,
            describe: challenge_hash_cases,
        },
    ]
}

fn hashed(steps: &mut Steps, member: &str, encoded: &[u8]) -> Value {
    steps.record("encoded", hex::encode_prefixed(encoded));
    json!({ member: keccak256(encoded).to_string() })
}

fn channel_id(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let encoded = (
        input.address("payer")?,
        input.address("payee")?,
        input.address("token")?,
        input.bytes32("salt")?,
        input.address("authorizedSigner")?,
        input.address("escrow")?,
        U256::from(input.integer("chainId")?),
    )
        .abi_encode_params();
    Ok(hashed(steps, "channelId", &encoded))
}

fn open_nonce_ietf(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let encoded = (
        input.address("from")?,
        input.address("payee")?,
        input.address("token")?,
        input.bytes32("salt")?,
        input.address("authorizedSigner")?,
    )
        .abi_encode_params();
    Ok(hashed(steps, "nonce", &encoded))
}

fn open_nonce_okx(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let mut recipients = Vec::new();
    let mut shares = Vec::new();
    let mut sum = 0_u32;
    for split in input.array("splits")? {
        let recipient = Input::new(split).address("recipient");
        let Ok(recipient) = recipient else { return refuse("recipient-is-no-address") };
        let bps = split.get("bps").and_then(Value::as_u64);
        let Some(bps @ 1..=9999) = bps else { return refuse("bps-out-of-range") };
        recipients.push(recipient);
        #[expect(clippy::cast_possible_truncation, reason = "below 10000")]
        let bps = bps as u16;
        sum += u32::from(bps);
        shares.push(bps);
    }
    if sum >= 10_000 {
        return refuse("splits-leave-nothing");
    }
    let encoded = (
        input.address("from")?,
        input.address("payee")?,
        input.address("token")?,
        input.bytes32("salt")?,
        input.address("authorizedSigner")?,
        recipients,
        shares,
    )
        .abi_encode_params();
    Ok(hashed(steps, "nonce", &encoded))
}

fn top_up_nonce(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let encoded = (
        input.bytes32("channelId")?,
        input.uint("additionalDeposit", 128)?.0,
        input.address("from")?,
        input.bytes32("topUpSalt")?,
    )
        .abi_encode_params();
    Ok(hashed(steps, "nonce", &encoded))
}

fn challenge_hash(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let id = input.text("id")?;
    if id.is_empty() {
        return refuse("id-is-empty");
    }
    let encoded = [id.as_bytes(), input.text("realm")?.as_bytes()].concat();
    Ok(hashed(steps, "challengeHash", &encoded))
}

/// The zero address: nobody but the payer signs vouchers.
fn nobody() -> String {
    format!("0x{}", "0".repeat(40))
}

fn word(byte: &str) -> String {
    format!("0x{}", byte.repeat(32))
}

fn opening(at: &Deployment, payer: &str) -> Value {
    json!({
        payer: at.address_of("payer"),
        "payee": at.address_of("payee"),
        "token": lower(at.token),
        "salt": word("5a"),
        "authorizedSigner": nobody(),
    })
}

/// A flag a member: the bug leaves the member out of the hash.
fn flags_of_members(cases: &mut Cases, members: &'static [(&'static str, &'static str)]) {
    for (member, zero) in members {
        cases.flag(
            format!("Ignores{}", capitalized(member)),
            format!("leaves {member} out of the hash, so that it can be changed after the fact"),
            Bug::misreads(move |input| {
                if input.get(*member).is_some() {
                    input[*member] = serde_json::from_str(zero).unwrap_or_default();
                }
            }),
        );
    }
    cases.flag(
        "TakesMisfits",
        "cuts, pads, wraps or defaults a member that does not fit its type",
        Bug::forgets_all(|reason| reason.contains("-is-no-") || reason.ends_with("-is-missing")),
    );
}

/// What fits no type, for every address and word of `sound`.
fn misfits(cases: &mut Cases, sound: &Value) {
    let members: Vec<(String, String)> = sound
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .filter(|(_, value)| value.starts_with("0x"))
        .collect();
    for (member, value) in members {
        let name = crate::input::kebab(&member);
        let kind = if value.len() == 42 { "address" } else { "bytes32" };
        let reason = format!("{name}-is-no-{kind}");
        let mut refused = |what: &str, comment: &str, value: String| {
            let input = with(sound, &member, value);
            cases.invalid(format!("{name}-{what}"), comment, input, reason.clone());
        };
        refused("short", "A byte short.", value[..value.len() - 2].to_owned());
        refused("long", "A byte too many.", format!("{value}00"));
        refused("unprefixed", "Without 0x.", value[2..].to_owned());
        cases.invalid(
            format!("{name}-missing"),
            "The member is absent; nothing may stand in for it.",
            without(sound, &member),
            format!("{name}-is-missing"),
        );
    }
}

const ZERO_ADDRESS: &str = "\"0x0000000000000000000000000000000000000000\"";
const ZERO_WORD: &str = "\"0x0000000000000000000000000000000000000000000000000000000000000000\"";

fn channel_id_cases(cases: &mut Cases) {
    cases.summary("The id of a payment channel.");
    cases.source(
        "The `channelId` MUST be computed deterministically using the escrow contract's `computeChannelId()` function or equivalent logic:",
        "draft-evm-session-00, \"Channel State\"",
    );
    cases.rule("keccak256(abi.encode(payer, payee, token, salt, authorizedSigner, escrow, chainId)). chainId is a JSON integer. Where nobody but the payer signs, authorizedSigner is the zero address; it is never left out.");
    rule_of_forms(cases);
    flags_of_members(
        cases,
        &[
            ("payer", ZERO_ADDRESS),
            ("payee", ZERO_ADDRESS),
            ("token", ZERO_ADDRESS),
            ("salt", ZERO_WORD),
            ("authorizedSigner", ZERO_ADDRESS),
            ("escrow", ZERO_ADDRESS),
            ("chainId", "0"),
        ],
    );
    cases.flag(
        "PayerForNobody",
        "hashes the payer where nobody else may sign",
        Bug::misreads(|input| {
            if input.get("authorizedSigner") == Some(&Value::String(nobody())) {
                input["authorizedSigner"] = input["payer"].clone();
            }
        }),
    );
    let at = cases.deployment.clone();
    let plain = with(&opening(&at, "payer"), "escrow", lower(at.escrow));
    let plain = with(&plain, "chainId", at.chain_id);
    cases.valid("no-delegate", "Nobody but the payer signs: the zero address.", plain.clone());
    let delegate = at.address_of("delegate");
    cases.valid(
        "delegate",
        "Another key signs vouchers.",
        with(&plain, "authorizedSigner", delegate),
    );
    let payer = at.address_of("payer");
    cases.valid(
        "payer-as-delegate",
        "The payer named as signer is another channel.",
        with(&plain, "authorizedSigner", payer),
    );
    cases.valid("salt-zero", "A salt of zero.", with(&plain, "salt", word("00")));
    cases.valid(
        "salt-leading-zeros",
        "A salt whose leading zeros a big integer drops.",
        with(&plain, "salt", format!("0x{}{}", "00".repeat(8), "5a".repeat(24))),
    );
    cases.valid(
        "other-chain",
        "The same channel on another chain.",
        with(&plain, "chainId", at.chain_id + 1),
    );
    cases.valid(
        "other-escrow",
        "The same channel in another escrow.",
        with(&plain, "escrow", at.address_of("stranger")),
    );
    cases.valid(
        "swapped",
        "Payer and payee in each other's place.",
        with(&with(&plain, "payer", at.address_of("payee")), "payee", at.address_of("payer")),
    );
    cases.valid(
        "upper-case",
        "Hexadecimal digits in upper case: the same bytes.",
        with(&plain, "salt", format!("0x{}", "5B".repeat(32))),
    );
    misfits(cases, &plain);
    cases.invalid(
        "chain-id-as-text",
        "A chain id that is no integer.",
        with(&plain, "chainId", "196"),
        "chain-id-is-no-integer",
    );
    cases.invalid(
        "chain-id-negative",
        "Below zero.",
        with(&plain, "chainId", -1),
        "chain-id-is-no-integer",
    );
}

const OPENING: [(&str, &str); 5] = [
    ("from", ZERO_ADDRESS),
    ("payee", ZERO_ADDRESS),
    ("token", ZERO_ADDRESS),
    ("salt", ZERO_WORD),
    ("authorizedSigner", ZERO_ADDRESS),
];

fn openings(cases: &mut Cases, plain: &Value) {
    let at = cases.deployment.clone();
    let delegate = at.address_of("delegate");
    cases.valid("no-delegate", "Nobody but the payer signs: the zero address.", plain.clone());
    cases.valid(
        "delegate",
        "Another key signs vouchers.",
        with(plain, "authorizedSigner", delegate),
    );
    cases.valid("salt-zero", "A salt of zero.", with(plain, "salt", word("00")));
    cases.valid("other-payee", "Another payee.", with(plain, "payee", at.address_of("stranger")));
    cases.valid("other-token", "Another token.", with(plain, "token", at.address_of("stranger")));
    misfits(cases, plain);
}

fn open_nonce_ietf_cases(cases: &mut Cases) {
    cases.summary(
        "The EIP-3009 nonce that binds a deposit to the channel it opens, as the draft derives it.",
    );
    cases.profile("ietf");
    cases.source(
        "`keccak256(abi.encode(from, payee, token, salt, authorizedSigner))`",
        "draft-evm-session-00, \"openWithAuthorization\"",
    );
    rule_of_forms(cases);
    flags_of_members(cases, &OPENING);
    cases.flag(
        "OkxNonce",
        "derives the nonce of the OKX dialect, with two empty lists of splits",
        Bug::differs(|input| {
            let input = with(input, "splits", json!([]));
            open_nonce_okx(&Input::new(&input), &mut Steps::default())
        }),
    );
    let plain = opening(&cases.deployment, "from");
    openings(cases, &plain);
}

fn open_nonce_okx_cases(cases: &mut Cases) {
    cases.summary(
        "The EIP-3009 nonce that binds a deposit to the channel it opens, as OKX derives it.",
    );
    cases.profile("okx");
    cases.source(
        "keccak256(abi.encode(from, payee, token, salt, authorizedSigner, splitRecipients, splitBps))",
        "onchainos-skills 4.4.10, cli/src/commands/payment/dispatcher.rs",
    );
    cases.rule("splitRecipients is address[], splitBps is uint16[]; both are encoded even when they are empty. Each share is 1 to 9999 basis points, and all of them stay below 10000; bps is a JSON integer. `splits` is always there, and may be empty.");
    rule_of_forms(cases);
    flags_of_members(cases, &OPENING);
    cases.flag(
        "IgnoresSplits",
        "leaves the splits out of the nonce, so that the payee can change them",
        Bug::misreads(|input| input["splits"] = json!([])),
    );
    cases.flag(
        "IetfNonce",
        "derives the nonce of the draft, without lists",
        Bug::differs(|input| open_nonce_ietf(&Input::new(input), &mut Steps::default())),
    );
    cases.flag(
        "SortsSplits",
        "hashes splits in another order than they were offered",
        Bug::misreads(|input| {
            if let Some(splits) = input.get_mut("splits").and_then(Value::as_array_mut) {
                splits.sort_by_key(|split| split["bps"].as_u64());
            }
        }),
    );
    cases.flag(
        "AnyShare",
        "takes a share of nothing, or of everything",
        Bug::forgets(&["bps-out-of-range", "splits-leave-nothing"]),
    );
    let at = cases.deployment.clone();
    let split = |role: &str, bps: u64| json!({ "recipient": at.address_of(role), "bps": bps });
    let plain = with(
        &opening(&at, "from"),
        "splits",
        json!([split("stranger", 1000), split("server", 250)]),
    );
    openings(cases, &plain);
    let mut shared = |name: &str, comment: &str, splits: Value| {
        cases.valid(name, comment, with(&plain, "splits", splits));
    };
    shared("no-splits", "Both lists are empty, and still encoded.", json!([]));
    shared("one-split", "A single split.", json!([split("stranger", 1000)]));
    shared(
        "swapped",
        "The same splits in the other order.",
        json!([split("server", 250), split("stranger", 1000)]),
    );
    shared("least-share", "One basis point.", json!([split("stranger", 1)]));
    shared("greatest-share", "All but one basis point.", json!([split("stranger", 9999)]));
    shared(
        "same-recipient",
        "One recipient twice.",
        json!([split("stranger", 1), split("stranger", 2)]),
    );
    let mut refused = |name: &str, comment: &str, splits: Value, reason: &str| {
        cases.invalid(name, comment, with(&plain, "splits", splits), reason);
    };
    refused(
        "share-of-nothing",
        "Zero basis points.",
        json!([split("stranger", 0)]),
        "bps-out-of-range",
    );
    refused(
        "share-of-all",
        "10000 basis points.",
        json!([split("stranger", 10_000)]),
        "bps-out-of-range",
    );
    refused(
        "share-past-16-bits",
        "65537, which wraps to 1.",
        json!([split("stranger", 65_537)]),
        "bps-out-of-range",
    );
    refused(
        "shares-of-all",
        "Together they leave the payee nothing.",
        json!([split("stranger", 5000), split("server", 5000)]),
        "splits-leave-nothing",
    );
    refused(
        "recipient-short",
        "A recipient of 19 bytes.",
        json!([{"recipient": format!("0x{}", "11".repeat(19)), "bps": 1}]),
        "recipient-is-no-address",
    );
}

fn top_up_cases(cases: &mut Cases) {
    cases.summary("The EIP-3009 nonce that binds a deposit to the channel it tops up.");
    cases.source(
        "`keccak256(abi.encode(channelId, additionalDeposit, from, topUpSalt))`",
        "draft-evm-session-00, \"topUpWithAuthorization\"",
    );
    cases.rule("additionalDeposit is a uint128.");
    rule_of_forms(cases);
    flags_of_members(
        cases,
        &[
            ("channelId", ZERO_WORD),
            ("additionalDeposit", "\"0\""),
            ("from", ZERO_ADDRESS),
            ("topUpSalt", ZERO_WORD),
        ],
    );
    let at = cases.deployment.clone();
    let plain = json!({
        "channelId": word("c1"),
        "additionalDeposit": "500000",
        "from": at.address_of("payer"),
        "topUpSalt": word("22"),
    });
    cases.valid("plain", "An ordinary deposit.", plain.clone());
    cases.valid("a-unit", "The smallest deposit.", with(&plain, "additionalDeposit", "1"));
    cases.valid(
        "past-64-bits",
        "A deposit that no 64-bit integer holds.",
        with(&plain, "additionalDeposit", "18446744073709551616"),
    );
    cases.valid(
        "most",
        "2^128 − 1.",
        with(&plain, "additionalDeposit", "340282366920938463463374607431768211455"),
    );
    cases.valid("other-channel", "Another channel.", with(&plain, "channelId", word("c2")));
    cases.valid(
        "other-payer",
        "Anyone may top a channel up.",
        with(&plain, "from", at.address_of("stranger")),
    );
    cases.valid("salt-zero", "A salt of zero.", with(&plain, "topUpSalt", word("00")));
    misfits(cases, &plain);
    for (name, comment, value) in [
        (
            "deposit-past-128-bits",
            "2^128, which wraps to zero.",
            "340282366920938463463374607431768211456",
        ),
        ("deposit-negative", "Below zero.", "-1"),
        ("deposit-fractional", "A fraction of a base unit.", "1.5"),
        ("deposit-hexadecimal", "Hexadecimal.", "0x7a120"),
        ("deposit-empty", "No digits.", ""),
        ("deposit-leading-zero", "A leading zero.", "0500000"),
    ] {
        let input = with(&plain, "additionalDeposit", value);
        cases.invalid(name, comment, input, "additional-deposit-is-no-uint128");
    }
    cases.invalid(
        "deposit-as-number",
        "A JSON number, which not every reader keeps exact.",
        with(&plain, "additionalDeposit", 500_000),
        "additional-deposit-is-no-uint128",
    );
}

fn challenge_hash_cases(cases: &mut Cases) {
    cases.summary(
        "The hash by which a Permit2 witness or an EIP-3009 nonce is bound to a challenge.",
    );
    cases.profile("ietf");
    cases.source(
        "challengeHash = keccak256(abi.encodePacked( challenge.id, challenge.realm ))",
        "draft-evm-charge-00, \"Witness Data (Challenge Binding)\"",
    );
    cases.rule("Both are hashed as UTF-8, without anything between them. An empty id is refused; an empty realm is not.");
    cases.flag("IgnoresId", "hashes the realm alone", Bug::misreads_text("id", |_| "x".to_owned()));
    cases.flag(
        "IgnoresRealm",
        "hashes the id alone",
        Bug::misreads_text("realm", |_| String::new()),
    );
    cases.flag(
        "Separator",
        "puts something between id and realm",
        Bug::misreads_text("realm", |realm| format!("|{realm}")),
    );
    cases.flag(
        "DecodesId",
        "hashes the bytes the id encodes instead of its characters",
        Bug::differs(|input| {
            let input = Input::new(input);
            let id = conform402_wire::base64url::decode(input.text("id")?).unwrap_or_default();
            let encoded = [id.as_slice(), input.text("realm")?.as_bytes()].concat();
            Ok(hashed(&mut Steps::default(), "challengeHash", &encoded))
        }),
    );
    cases.flag(
        "EmptyId",
        "takes an empty id, which binds to nothing",
        Bug::forgets(&["id-is-empty"]),
    );
    cases.flag(
        "TakesMisfits",
        "hashes something for what is absent or no text",
        Bug::forgets_all(|reason| reason.contains("-is-no-") || reason.ends_with("-is-missing")),
    );
    let realm = cases.deployment.realm.clone();
    let id = "sdKxE0xg20GC2djHoZkNZapIo8uZpkq4gn9yWkLm9wk";
    let input = |id: &str, realm: &str| json!({ "id": id, "realm": realm });
    cases.valid("plain", "An ordinary id.", input(id, &realm));
    cases.valid("short-id", "An id that is no HMAC.", input("aB3cDeF4gHiJkLmN", &realm));
    cases.valid(
        "realm-past-ascii",
        "A realm outside ASCII is hashed as UTF-8.",
        input(id, "Käse ₮"),
    );
    cases.valid("empty-realm", "An empty realm adds nothing.", input(id, ""));
    cases.valid(
        "boundary",
        "Packed encoding does not tell where the id ends: this is the hash of another pair, too.",
        input("ab", "c"),
    );
    cases.invalid("empty-id", "No id.", input("", &realm), "id-is-empty");
    cases.invalid("id-missing", "The id is absent.", json!({ "realm": realm }), "id-is-missing");
    cases.invalid("realm-missing", "The realm is absent.", json!({ "id": id }), "realm-is-missing");
    cases.invalid(
        "id-as-number",
        "An id that is no text.",
        json!({ "id": 402, "realm": realm }),
        "id-is-no-text",
    );
    cases.invalid(
        "realm-as-list",
        "A realm that is no text.",
        json!({ "id": id, "realm": [realm] }),
        "realm-is-no-text",
    );
}
