//! The payment of a charge in transaction mode: an authorization for the
//! recipient, and one for each split.

use alloy::hex;
use alloy::primitives::{Address, B256, keccak256};
use alloy::signers::local::PrivateKeySigner;
use conform402_wire::BaseUnits;
use conform402_wire::charge::{Authorization, ChargePayload, ChargeRequest, InvalidSplits};
use conform402_wire::eip3009::{TokenDomain, Transfer, digest};
use serde_json::{Value, json};

use crate::cases::Cases;
use crate::change::other_than;
use crate::deployment::{Deployment, lower};
use crate::input::Input;
use crate::operation::{Bug, Operation, Refusal, Steps, refuse};
use crate::signed::{broken_signatures, private_key, recovered, signature_flags};

const DOCUMENT: &str = "OKX Node SDK Reference (seed 002), \"Splits\"";

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation { name: "evm.charge.pay", evaluate: pay, describe: pay_cases },
        Operation { name: "evm.charge.verify", evaluate: verify, describe: verify_cases },
    ]
}

/// The request, and what its recipient gets when the splits are paid.
fn priced(input: &Input<'_>, steps: &mut Steps) -> Result<(ChargeRequest, BaseUnits), Refusal> {
    let request: ChargeRequest = serde_json::from_value(input.object("request")?.value().clone())
        .map_err(|_| Refusal::new("request-is-malformed"))?;
    let primary = request.primary_amount().map_err(|invalid| {
        Refusal::new(match invalid {
            InvalidSplits::SumReachesAmount => "splits-reach-the-amount",
            InvalidSplits::TooMany => "more-than-ten-splits",
            InvalidSplits::Zero => "split-of-nothing",
        })
    })?;
    steps.record("primaryAmount", primary.to_string());
    Ok((request, primary))
}

fn token_domain(input: &Input<'_>, request: &ChargeRequest) -> Result<TokenDomain, Refusal> {
    Ok(TokenDomain {
        name: input.text("tokenName")?.to_owned(),
        version: input.text("tokenVersion")?.to_owned(),
        chain_id: request.method_details.chain_id,
        contract: request.currency,
    })
}

/// Signs a transfer, and records its digest.
fn authorize(
    transfer: &Transfer,
    domain: &TokenDomain,
    key: &PrivateKeySigner,
) -> Result<(Authorization, String), Refusal> {
    let signed = transfer.sign(domain, key).map_err(|_| Refusal::new("key-does-not-sign"))?;
    let digest = digest(&signed, domain).to_string();
    Ok((signed, digest))
}

fn pay(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let (request, primary) = priced(input, steps)?;
    let domain = token_domain(input, &request)?;
    let key = private_key(input)?;
    let valid_before = input.integer("validBefore")?;
    let splits = &request.method_details.splits;
    let nonces: Vec<B256> = serde_json::from_value(input.member("nonces")?.clone())
        .map_err(|_| Refusal::new("nonces-are-no-words"))?;
    if nonces.len() != splits.len() + 1 {
        return refuse("nonces-do-not-suffice");
    }
    let mut digests = Vec::new();
    let mut sign = |to: Address, value: BaseUnits, nonce: B256| -> Result<_, Refusal> {
        let from = key.address();
        let transfer = Transfer { from, to, value, valid_after: 0, valid_before, nonce };
        let (signed, digest) = authorize(&transfer, &domain, &key)?;
        digests.push(digest);
        Ok(signed)
    };
    let mut authorizations = vec![sign(request.recipient, primary, nonces[0])?];
    for (split, nonce) in splits.iter().zip(&nonces[1..]) {
        authorizations.push(sign(split.recipient, split.amount, *nonce)?);
    }
    steps.record("digests", digests);
    let written: Vec<Value> = authorizations.iter().map(authorization_object).collect();
    Ok(json!({ "authorizations": written }))
}

/// A payload on the wire, its addresses in lower case.
fn written(authorization: &Authorization) -> Value {
    let mut object = authorization_object(authorization);
    object["type"] = "eip-3009".into();
    if !authorization.splits.is_empty() {
        object["splits"] = authorization.splits.iter().map(authorization_object).collect();
    }
    json!({ "type": "transaction", "authorization": object })
}

fn authorization_object(authorization: &Authorization) -> Value {
    json!({
        "from": lower(authorization.from),
        "to": lower(authorization.to),
        "value": authorization.value.to_string(),
        "validAfter": authorization.valid_after.to_string(),
        "validBefore": authorization.valid_before.to_string(),
        "nonce": authorization.nonce.to_string(),
        "signature": hex::encode_prefixed(&authorization.signature),
    })
}

fn verify(input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let (request, primary) = priced(input, steps)?;
    let domain = token_domain(input, &request)?;
    let payload = input.object("payload")?;
    if payload.text("type")? != "transaction" {
        return refuse("payload-is-no-transaction");
    }
    let payload: ChargePayload = serde_json::from_value(payload.value().clone())
        .map_err(|_| Refusal::new("authorization-is-malformed"))?;
    let ChargePayload::Transaction { authorization } = payload else {
        return refuse("payload-is-no-transaction");
    };
    if authorization.value != primary {
        return refuse("value-mismatch");
    }
    if authorization.to != request.recipient {
        return refuse("recipient-mismatch");
    }
    let splits = &request.method_details.splits;
    if authorization.splits.len() != splits.len() {
        return refuse("another-number-of-splits");
    }
    for (signed, split) in authorization.splits.iter().zip(splits) {
        if signed.value != split.amount {
            return refuse("split-value-mismatch");
        }
        if signed.to != split.recipient {
            return refuse("split-recipient-mismatch");
        }
        if signed.from != authorization.from {
            return refuse("split-payer-mismatch");
        }
    }
    let all: Vec<&Authorization> =
        std::iter::once(&authorization).chain(&authorization.splits).collect();
    let mut nonces: Vec<B256> = all.iter().map(|signed| signed.nonce).collect();
    nonces.sort();
    if nonces.windows(2).any(|pair| pair[0] == pair[1]) {
        return refuse("nonce-twice");
    }
    let digests: Vec<B256> = all.iter().map(|signed| digest(signed, &domain)).collect();
    steps.record("digests", digests.iter().map(B256::to_string).collect::<Vec<_>>());
    for (signed, digest) in all.iter().zip(&digests) {
        if recovered(digest, &signed.signature)? != signed.from {
            return refuse("other-signer");
        }
    }
    Ok(json!({ "payer": lower(authorization.from) }))
}

/// Roles, and what they get.
type Shares = Vec<(&'static str, u64)>;

/// A charge of 100 for the payee.
struct Charge<'a> {
    at: &'a Deployment,
    splits: Shares,
}

impl Charge<'_> {
    fn request(&self) -> Value {
        let mut details = json!({ "chainId": self.at.chain_id });
        if !self.splits.is_empty() {
            let split = |(role, amount): &(&str, u64)| json!({ "amount": amount.to_string(), "recipient": self.at.address_of(role) });
            details["splits"] = self.splits.iter().map(split).collect();
        }
        json!({
            "amount": "100",
            "currency": lower(self.at.token),
            "recipient": self.at.address_of("payee"),
            "methodDetails": details,
        })
    }

    /// What `payer` is to send, unsigned: the recipient's first.
    fn transfers(&self) -> Vec<Transfer> {
        let shared: u64 = self.splits.iter().map(|(_, amount)| amount).sum();
        let all = std::iter::once(("payee", 100_u64.saturating_sub(shared)))
            .chain(self.splits.iter().copied());
        let transfer = |(index, (role, amount)): (usize, (&str, u64))| Transfer {
            from: self.at.key("payer").address(),
            to: self.at.key(role).address(),
            value: BaseUnits::new(amount),
            valid_after: 0,
            valid_before: 1_893_456_000,
            nonce: nonce(index),
        };
        all.enumerate().map(transfer).collect()
    }

    fn payload(&self, transfers: &[Transfer], keys: &[PrivateKeySigner]) -> Value {
        self.payload_under(&self.domain(), transfers, keys)
    }

    fn payload_under(
        &self,
        domain: &TokenDomain,
        transfers: &[Transfer],
        keys: &[PrivateKeySigner],
    ) -> Value {
        let signed = transfers.iter().enumerate().filter_map(|(index, transfer)| {
            transfer.sign(domain, keys.get(index).or(keys.first())?).ok()
        });
        let mut signed: Vec<Authorization> = signed.collect();
        let splits = signed.split_off(1);
        let mut authorization = signed.remove(0);
        authorization.splits = splits;
        written(&authorization)
    }

    fn domain(&self) -> TokenDomain {
        TokenDomain {
            name: self.at.token_name.clone(),
            version: self.at.token_version.clone(),
            chain_id: self.at.chain_id,
            contract: self.at.token,
        }
    }
}

fn nonce(index: usize) -> B256 {
    keccak256(format!("nonce {index}"))
}

const TEN: [(&str, u64); 10] = [
    ("split-1", 1),
    ("split-2", 2),
    ("split-3", 3),
    ("split-4", 4),
    ("split-5", 5),
    ("split-6", 6),
    ("split-7", 7),
    ("split-8", 8),
    ("split-9", 9),
    ("split-10", 10),
];

fn about(cases: &mut Cases) {
    cases.profile("okx");
    cases.source(
        "the client signs a separate EIP-3009 for each split (auto-populated in payload.authorization.splits[])",
        DOCUMENT,
    );
    cases.source(
        "total split amount must be strictly less than `amount` (leave the main recipient at least 1 base unit), max 10 splits",
        DOCUMENT,
    );
    cases.rule("The recipient's own authorization is over the amount less all splits; each split has one of its own, in the order of the request, with a nonce of its own.");
    cases.rule("The domain is that of the token: tokenName, tokenVersion, the request's chainId and its currency.");
    cases.flag(
        "WholeToRecipient",
        "signs the whole amount for the recipient and the splits besides, so that the payer pays twice",
        Bug::misreads(|input| {
            let splits = input.pointer("/request/methodDetails/splits").and_then(Value::as_array);
            let amounts = splits.into_iter().flatten().filter_map(|split| split["amount"].as_str());
            let sum: u64 = amounts.filter_map(|amount| amount.parse::<u64>().ok()).sum();
            let amount = input.pointer("/request/amount").and_then(Value::as_str);
            if let Some(amount) = amount.and_then(|amount| amount.parse::<u64>().ok()) {
                input["request"]["amount"] = (amount + sum).to_string().into();
            }
        }),
    );
    cases.flag(
        "IgnoresSplits",
        "pays the recipient everything, and the splits nothing",
        Bug::misreads(|input| {
            if let Some(details) = input.pointer_mut("/request/methodDetails") {
                details["splits"] = json!([]);
            }
        }),
    );
    cases.flag(
        "UnlimitedSplits",
        "takes splits that leave the recipient nothing, are nothing, or are more than ten",
        Bug::forgets(&["splits-reach-the-amount", "split-of-nothing", "more-than-ten-splits"]),
    );
}

/// Requests whose splits nobody can pay.
fn unpayable() -> [(&'static str, &'static str, Shares, &'static str); 5] {
    let eleven = TEN.iter().copied().chain([("split-11", 1)]).collect();
    [
        (
            "sum-equals-amount",
            "The recipient would get nothing.",
            vec![("split-1", 60), ("split-2", 40)],
            "splits-reach-the-amount",
        ),
        (
            "sum-exceeds-amount",
            "The recipient would have to pay.",
            vec![("split-1", 60), ("split-2", 41)],
            "splits-reach-the-amount",
        ),
        (
            "one-split-of-all",
            "A single split of the whole.",
            vec![("split-1", 100)],
            "splits-reach-the-amount",
        ),
        ("split-of-nothing", "A share of zero.", vec![("split-1", 0)], "split-of-nothing"),
        ("eleven-splits", "One more than ten.", eleven, "more-than-ten-splits"),
    ]
}

fn payable() -> [(&'static str, &'static str, Shares); 5] {
    [
        ("no-splits", "Everything is the recipient's.", Vec::new()),
        ("one-split", "One share for another.", vec![("split-1", 30)]),
        (
            "two-splits",
            "Two shares, in the order of the request.",
            vec![("split-1", 30), ("split-2", 20)],
        ),
        ("all-but-one", "The recipient gets a single base unit.", vec![("split-1", 99)]),
        ("ten-splits", "As many as there may be.", TEN.to_vec()),
    ]
}

fn pay_cases(cases: &mut Cases) {
    cases.summary("Signs the payment of a charge.");
    about(cases);
    cases.rule("The output lists the authorizations, the recipient's first: from, to, value, validAfter, validBefore, nonce and signature, as payloads carry them.");
    cases.rule("validAfter is 0; nonces[0] is the recipient's, the next ones those of the splits, and there are as many as authorizations.");
    cases.flag(
        "SharedNonce",
        "uses one nonce for all authorizations, of which the token takes only the first",
        Bug::misreads(|input| {
            if let Some(nonces) = input.get_mut("nonces").and_then(Value::as_array_mut)
                && let Some(first) = nonces.first().cloned()
            {
                nonces.fill(first);
            }
        }),
    );
    cases.flag(
        "NoncesMadeUp",
        "makes up the nonces it was not given",
        Bug::forgets(&["nonces-do-not-suffice", "nonces-are-no-words"]),
    );
    let at = cases.deployment.clone();
    let key = at.key("payer");
    cases.group(json!({
        "tokenName": at.token_name,
        "tokenVersion": at.token_version,
        "privateKey": hex::encode_prefixed(key.to_bytes()),
        "validBefore": 1_893_456_000,
    }));
    let input = |splits: &[(&'static str, u64)], nonces: usize| {
        let request = Charge { at: &at, splits: splits.to_vec() }.request();
        let nonces: Vec<String> = (0..nonces).map(|index| nonce(index).to_string()).collect();
        json!({ "request": request, "nonces": nonces })
    };
    for (name, comment, splits) in payable() {
        cases.valid(name, comment, input(&splits, splits.len() + 1));
    }
    for (name, comment, splits, reason) in unpayable() {
        cases.invalid(name, comment, input(&splits, splits.len() + 1), reason);
    }
    let two = [("split-1", 30), ("split-2", 20)];
    cases.invalid(
        "a-nonce-less",
        "A split without a nonce.",
        input(&two, 2),
        "nonces-do-not-suffice",
    );
    let mut short = input(&two, 3);
    short["nonces"][1] = format!("0x{}", "11".repeat(31)).into();
    cases.invalid("a-nonce-of-31-bytes", "A nonce that is no word.", short, "nonces-are-no-words");
}

fn verify_cases(cases: &mut Cases) {
    cases.summary("Verifies the payment of a charge against its request, and says who pays.");
    about(cases);
    cases.rule("The payload's type is transaction. All authorizations are from one payer, under different nonces, signed by the payer with 65 bytes, low s and v of 27 or 28. The type inside an authorization, and when it is valid, are not judged.");
    cases.source(
        "Verify the payment amount matches the request",
        "draft-payment-intent-charge-00, \"Server Responsibilities\"",
    );
    for (flag, hunts, reasons) in [
        (
            "AnyAmount",
            "does not compare amounts, so that a cent buys what costs a fortune",
            &["value-mismatch", "split-value-mismatch"][..],
        ),
        (
            "AnyRecipient",
            "does not compare recipients, so that payers pay themselves",
            &["recipient-mismatch", "split-recipient-mismatch"],
        ),
        (
            "AnyNumberOfSplits",
            "does not count authorizations, so that a split goes unpaid",
            &["another-number-of-splits"],
        ),
        ("AnySigner", "does not compare the signer with the payer", &["other-signer"]),
        (
            "SeveralPayers",
            "lets splits be paid by somebody else than the payer it names",
            &["split-payer-mismatch"],
        ),
        (
            "SharedNonce",
            "takes one nonce twice: the second transfer reverts when the first is settled",
            &["nonce-twice"],
        ),
        (
            "OtherPayload",
            "reads a payload of another type as a transaction",
            &["payload-is-no-transaction", "authorization-is-malformed"],
        ),
    ] {
        cases.flag(flag, hunts, Bug::forgets(reasons));
    }
    signature_flags(cases);
    let at = cases.deployment.clone();
    let payer = at.key("payer");
    let stranger = at.key("stranger");
    let keys = [payer.clone()];
    cases.group(json!({ "tokenName": at.token_name, "tokenVersion": at.token_version }));
    let input = |charge: &Charge<'_>, payload: Value| json!({ "request": charge.request(), "payload": payload });
    for (name, comment, splits) in payable() {
        let charge = Charge { at: &at, splits };
        let payload = charge.payload(&charge.transfers(), &keys);
        cases.valid(name, comment, input(&charge, payload));
    }
    for (name, comment, splits, reason) in unpayable() {
        let charge = Charge { at: &at, splits };
        let payload = charge.payload(&charge.transfers(), &keys);
        cases.invalid(name, comment, input(&charge, payload), reason);
    }
    let charge = Charge { at: &at, splits: vec![("split-1", 30), ("split-2", 20)] };
    let mut changed =
        |name: &str, comment: &str, reason: &str, change: &dyn Fn(&mut Vec<Transfer>)| {
            let mut transfers = charge.transfers();
            change(&mut transfers);
            cases.invalid(name, comment, input(&charge, charge.payload(&transfers, &keys)), reason);
        };
    let units = |units: u64| BaseUnits::new(units);
    changed("a-unit-less", "The recipient gets a unit less.", "value-mismatch", &|all| {
        all[0].value = units(49)
    });
    changed(
        "a-unit-more",
        "The recipient gets a unit more than the request says.",
        "value-mismatch",
        &|all| all[0].value = units(51),
    );
    changed(
        "the-whole-amount",
        "The recipient gets everything, and the splits besides.",
        "value-mismatch",
        &|all| all[0].value = units(100),
    );
    changed("nothing", "An authorization of zero.", "value-mismatch", &|all| {
        all[0].value = units(0)
    });
    changed("to-the-payer", "The payer pays itself.", "recipient-mismatch", &|all| {
        all[0].to = payer.address()
    });
    changed("to-a-stranger", "Somebody else is paid.", "recipient-mismatch", &|all| {
        all[0].to = stranger.address()
    });
    changed(
        "a-unit-less-of-a-split",
        "A split gets a unit less.",
        "split-value-mismatch",
        &|all| all[1].value = units(29),
    );
    changed(
        "a-split-to-the-payer",
        "The payer keeps a split.",
        "split-recipient-mismatch",
        &|all| all[2].to = payer.address(),
    );
    changed("a-split-less", "The last split is not paid.", "another-number-of-splits", &|all| {
        all.pop();
    });
    changed("a-split-more", "A split nobody asked for.", "another-number-of-splits", &|all| {
        let mut more = all[2].clone();
        more.nonce = nonce(9);
        all.push(more);
    });
    changed(
        "no-splits-at-all",
        "Only the recipient is paid.",
        "another-number-of-splits",
        &|all| all.truncate(1),
    );
    changed("splits-share-a-nonce", "The second transfer will revert.", "nonce-twice", &|all| {
        all[2].nonce = all[1].nonce
    });
    changed(
        "split-with-the-main-nonce",
        "The split's transfer will revert once the recipient is paid.",
        "nonce-twice",
        &|all| all[1].nonce = all[0].nonce,
    );
    let alike = Charge { at: &at, splits: vec![("split-1", 30), ("split-2", 30)] };
    let mut swapped = alike.transfers();
    swapped.swap(1, 2);
    cases.invalid(
        "splits-swapped",
        "Both splits are paid, in the other order.",
        input(&alike, alike.payload(&swapped, &keys)),
        "split-recipient-mismatch",
    );
    let sound = charge.transfers();
    let signed_by = |index: usize| {
        let mut keys = vec![payer.clone(); 3];
        keys[index] = stranger.clone();
        keys
    };
    for (index, name) in [(0, "signed-by-a-stranger"), (2, "a-split-signed-by-a-stranger")] {
        let payload = charge.payload(&sound, &signed_by(index));
        cases.invalid(
            name,
            "A good signature by another key than the payer's.",
            input(&charge, payload),
            "other-signer",
        );
    }
    let mut other_payer = sound.clone();
    other_payer[1].from = stranger.address();
    cases.invalid(
        "a-split-of-another-payer",
        "A stranger pays a split, and signs for it.",
        input(&charge, charge.payload(&other_payer, &signed_by(1))),
        "split-payer-mismatch",
    );
    let sound_domain = charge.domain();
    let other_version = other_than(&at.token_version, "402".to_owned(), "403".to_owned());
    let other_token = other_than(&at.token, Address::repeat_byte(0x11), Address::repeat_byte(0x12));
    for (what, domain) in [
        ("name", TokenDomain { name: sound_domain.name.clone() + "x", ..sound_domain.clone() }),
        ("version", TokenDomain { version: other_version, ..sound_domain.clone() }),
        ("chain", TokenDomain { chain_id: at.chain_id + 1, ..sound_domain.clone() }),
        ("token", TokenDomain { contract: other_token, ..sound_domain }),
    ] {
        cases.invalid(
            format!("signed-for-another-{what}"),
            "Good signatures by the payer, under another domain.",
            input(&charge, charge.payload_under(&domain, &sound, &keys)),
            "other-signer",
        );
    }
    let good = charge.payload(&sound, &keys);
    let with = |pointer: &str, value: Value| {
        let mut payload = good.clone();
        if let Some(place) = payload.pointer_mut(pointer) {
            *place = value;
        }
        input(&charge, payload)
    };
    cases.invalid(
        "hash-type",
        "The type of hash mode, with the members of transaction mode.",
        with("/type", "hash".into()),
        "payload-is-no-transaction",
    );
    cases.invalid(
        "unknown-type",
        "A type of another dialect.",
        with("/type", "authorization".into()),
        "payload-is-no-transaction",
    );
    cases.invalid(
        "value-as-number",
        "Amounts are decimal strings.",
        with("/authorization/value", 50.into()),
        "authorization-is-malformed",
    );
    cases.invalid(
        "nonce-of-31-bytes",
        "A nonce that is no word.",
        with("/authorization/nonce", format!("0x{}", "11".repeat(31)).into()),
        "authorization-is-malformed",
    );
    cases.invalid(
        "authorization-as-text",
        "Of the authorization the signature alone.",
        with("/authorization", good["authorization"]["signature"].clone()),
        "authorization-is-malformed",
    );
    cases.invalid(
        "split-as-text",
        "Of a split the signature alone.",
        with("/authorization/splits/1", good["authorization"]["splits"][1]["signature"].clone()),
        "authorization-is-malformed",
    );
    let plain = Charge { at: &at, splits: Vec::new() };
    let payload = plain.payload(&plain.transfers(), &keys);
    let signature = payload["authorization"]["signature"].as_str().unwrap_or_default();
    for (name, comment, broken, reason) in
        broken_signatures(&hex::decode(signature).unwrap_or_default())
    {
        let mut payload = payload.clone();
        payload["authorization"]["signature"] = hex::encode_prefixed(broken).into();
        cases.invalid(format!("signature-{name}"), comment, input(&plain, payload), reason);
    }
}
