//! What a seller forwards of a session.

use serde_json::{Value, json};

use super::credential::{
    about, about_challenge, authorization, challenge, challenge_misfits, forward, other_types,
    payload_misfits, source,
};
use super::{amount_flags, channel_misfits, refused, shortened, signature, with, word};
use crate::cases::Cases;
use crate::deployment::lower;
use crate::input::Input;
use crate::operation::{Bug, Operation, Steps};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation {
            name: "sa.body.session-open",
            evaluate: |input, steps| forward(input, steps, |parts| parts.session_open()),
            describe: describe_open,
        },
        Operation {
            name: "sa.body.session-top-up",
            evaluate: |input, steps| forward(input, steps, |parts| parts.session_top_up()),
            describe: describe_top_up,
        },
    ]
}

fn other_actions(cases: &mut Cases, plain: &Value, others: &[(&str, &str)]) {
    for (name, action) in others {
        let case = format!("action-{name}");
        refused(
            cases,
            plain,
            (&case, "A payload of another action."),
            ("/payload/action", (*action).into()),
            "payload-of-another-action",
        );
    }
    refused(
        cases,
        plain,
        ("no-action", "A payload without an action."),
        ("/payload/action", Value::Null),
        "action-is-missing",
    );
}

fn session_flags(cases: &mut Cases) {
    cases.flag(
        "SignatureInside",
        "looks for the signature inside the authorization, as a charge has it",
        Bug::misreads(|input| {
            if let Some(signature) = input.pointer("/payload/authorization/signature").cloned() {
                input["payload"]["signature"] = signature;
            }
        }),
    );
}

/// The signature of a deposit absent or broken.
fn signature_misfits(cases: &mut Cases, plain: &Value) {
    let signed = plain["payload"]["signature"].clone();
    let unsigned = with(plain, "/payload/signature", Value::Null);
    cases.invalid(
        "no-signature",
        "An authorization nobody signed.",
        unsigned.clone(),
        "signature-is-missing",
    );
    cases.invalid(
        "signature-inside",
        "The signature inside the authorization, where a charge has it.",
        with(&unsigned, "/payload/authorization/signature", signed.clone()),
        "signature-is-missing",
    );
    refused(
        cases,
        plain,
        ("signature-short", "A signature of 64 bytes."),
        ("/payload/signature", shortened(&signed)),
        "signature-is-no-signature",
    )
    .should();
}

fn describe_open(cases: &mut Cases) {
    cases.summary("The request that opens a channel.");
    cases.source(
        "session_open()POST /api/v6/pay/mpp/session/open",
        "OKX Python SDK Reference (seed 000), \"Endpoints called\"",
    );
    cases.source(
        "Verify → SA session/open → write local store",
        "OKX Python SDK Reference (seed 000), \"Session action routing (inside verify)\"",
    );
    about(cases);
    amount_flags(cases);
    about_challenge(cases);
    cases.rule("Of the payload: action, which is open, type, channelId, salt, and authorizedSigner if it is there; of type transaction also authorization and signature, which stands beside it; of type hash also hash.");
    cases.rule("cumulativeAmount and voucherSignature are the first voucher: the seller verifies and keeps it, and the SA does not get it. A voucher's signature in a payload of type hash is no case: some SDKs forward it.");
    cases.rule("Of type hash the source is required, and an empty one is none.");
    cases.flag(
        "ForwardsVoucher",
        "forwards the payload as it is, with the voucher that only the seller should hold",
        Bug::differs(|input| {
            let mut request =
                forward(&Input::new(input), &mut Steps::default(), |parts| parts.session_open())?;
            request["body"]["payload"] = input["payload"].clone();
            Ok(request)
        }),
    );
    cases.flag(
        "DropsSigner",
        "does not forward who signs vouchers, so that the channel has another id",
        Bug::miswrites(|output| {
            if let Some(Value::Object(payload)) = output.pointer_mut("/body/payload") {
                payload.remove("authorizedSigner");
            }
        }),
    );
    cases.flag(
        "Anonymous",
        "forwards a hash without a source",
        Bug::forgets(&["source-is-missing"]),
    );
    session_flags(cases);
    let at = cases.deployment.clone();
    let plain = json!({
        "challenge": challenge(&at, "session"),
        "payload": {
            "action": "open",
            "type": "transaction",
            "channelId": word("c1"),
            "salt": word("5a"),
            "authorization": authorization(&at, &lower(at.escrow), "1000000", "a4"),
            "signature": signature(&at, "payer", "deposit"),
            "cumulativeAmount": "0",
            "voucherSignature": signature(&at, "payer", "voucher"),
        },
        "source": source(&at),
    });
    let hash = json!({
        "challenge": challenge(&at, "session"),
        "payload": {
            "action": "open",
            "type": "hash",
            "channelId": word("c1"),
            "salt": word("5a"),
            "hash": word("ab"),
        },
        "source": source(&at),
    });
    cases.valid("plain", "A deposit to be pulled, with the first voucher.", plain.clone());
    cases.valid(
        "no-voucher",
        "A deposit to be pulled, without a voucher.",
        with(
            &with(&plain, "/payload/cumulativeAmount", Value::Null),
            "/payload/voucherSignature",
            Value::Null,
        ),
    );
    cases.valid(
        "delegate",
        "Vouchers are signed by a delegate.",
        with(&plain, "/payload/authorizedSigner", at.address_of("delegate").into()),
    );
    cases.valid("hash", "A deposit that was made.", hash.clone());
    cases.valid(
        "hash-and-amount",
        "A deposit that was made, with the amount of a first voucher.",
        with(&hash, "/payload/cumulativeAmount", "0".into()),
    );
    cases.valid(
        "no-expiry",
        "A challenge that never expires.",
        with(&plain, "/challenge/expires", Value::Null),
    );
    challenge_misfits(cases, &plain);
    payload_misfits(cases, &plain);
    other_types(cases, &plain, &[("permit2", "permit2", "A payload of the other dialect.")]);
    other_actions(
        cases,
        &plain,
        &[("close", "close"), ("top-up", "topUp"), ("capitalized", "Open")],
    );
    refused(
        cases,
        &plain,
        ("no-authorization", "A transaction without an authorization."),
        ("/payload/authorization", Value::Null),
        "authorization-is-missing",
    );
    refused(
        cases,
        &plain,
        ("value-as-number", "A deposit as a JSON number."),
        ("/payload/authorization/value", json!(1_000_000)),
        "value-is-no-uint256",
    );
    signature_misfits(cases, &plain);
    for (name, comment, pointer, value, reason) in [
        (
            "no-hash",
            "A hash is promised, and is not there.",
            "/payload/hash",
            Value::Null,
            "hash-is-missing",
        ),
        ("no-source", "A hash without a source.", "/source", Value::Null, "source-is-missing"),
        ("empty-source", "A hash with an empty source.", "/source", json!(""), "source-is-missing"),
    ] {
        refused(cases, &hash, (name, comment), (pointer, value), reason);
    }
    refused(
        cases,
        &plain,
        ("no-salt", "No salt."),
        ("/payload/salt", Value::Null),
        "salt-is-missing",
    )
    .should();
    refused(
        cases,
        &plain,
        ("salt-short", "A salt of 31 bytes."),
        ("/payload/salt", word("5a")[..64].into()),
        "salt-is-no-bytes32",
    )
    .should();
    channel_misfits(cases, &plain, "/payload/channelId");
}

fn describe_top_up(cases: &mut Cases) {
    cases.summary("The request that adds to a channel's deposit.");
    cases.source(
        "session_top_up()POST /api/v6/pay/mpp/session/topUp",
        "OKX Python SDK Reference (seed 000), \"Endpoints called\"",
    );
    about(cases);
    amount_flags(cases);
    cases.rule("Of the payload: action, which is topUp, type, channelId, topUpSalt and additionalDeposit, a decimal string below 2^128; of type transaction also authorization and signature, which stands beside it; of type hash also hash.");
    cases.rule(
        "Whether a challenge is forwarded is free; no case has one, and then the body has none.",
    );
    session_flags(cases);
    cases.flag(
        "DropsSalt",
        "does not forward the salt, without which nobody recomputes the authorization's nonce",
        Bug::miswrites(|output| {
            if let Some(Value::Object(payload)) = output.pointer_mut("/body/payload") {
                payload.remove("topUpSalt");
            }
        }),
    );
    let at = cases.deployment.clone();
    let plain = json!({
        "payload": {
            "action": "topUp",
            "type": "transaction",
            "channelId": word("c1"),
            "topUpSalt": word("5b"),
            "authorization": authorization(&at, &lower(at.escrow), "500000", "a4"),
            "signature": signature(&at, "payer", "deposit"),
            "additionalDeposit": "500000",
        },
        "source": source(&at),
    });
    let hash = json!({
        "payload": {
            "action": "topUp",
            "type": "hash",
            "channelId": word("c1"),
            "topUpSalt": word("5b"),
            "hash": word("ab"),
            "additionalDeposit": "500000",
        },
        "source": source(&at),
    });
    cases.valid("plain", "A deposit to be pulled.", plain.clone());
    cases.valid("hash", "A deposit that was made.", hash.clone());
    for (name, comment, units) in [
        ("a-unit", "The smallest deposit.", "1"),
        ("past-a-double", "A deposit that a double rounds.", "9007199254740993"),
        ("most", "2^128 − 1.", "340282366920938463463374607431768211455"),
    ] {
        let deposit = with(&plain, "/payload/additionalDeposit", units.into());
        let deposit = with(&deposit, "/payload/authorization/value", units.into());
        cases.valid(name, comment, deposit);
    }
    payload_misfits(cases, &plain);
    other_types(
        cases,
        &plain,
        &[("authorization", "authorization", "A payload of the other dialect.")],
    );
    other_actions(
        cases,
        &plain,
        &[("open", "open"), ("lower-case", "topup"), ("snake-case", "top_up")],
    );
    refused(
        cases,
        &plain,
        ("no-authorization", "A transaction without an authorization."),
        ("/payload/authorization", Value::Null),
        "authorization-is-missing",
    );
    signature_misfits(cases, &plain);
    refused(
        cases,
        &hash,
        ("no-hash", "A hash is promised, and is not there."),
        ("/payload/hash", Value::Null),
        "hash-is-missing",
    );
    refused(
        cases,
        &plain,
        ("deposit-as-number", "An amount as a JSON number."),
        ("/payload/additionalDeposit", json!(500_000)),
        "additional-deposit-is-no-uint128",
    );
    refused(
        cases,
        &plain,
        ("no-deposit", "No amount."),
        ("/payload/additionalDeposit", Value::Null),
        "additional-deposit-is-missing",
    )
    .should();
    for (name, comment, value) in [
        ("deposit-negative", "Below zero.", "-500000"),
        ("deposit-in-tokens", "An amount of whole tokens.", "0.5"),
        ("deposit-hexadecimal", "An amount in hexadecimal.", "0x7a120"),
        ("deposit-past-the-range", "2^128.", "340282366920938463463374607431768211456"),
    ] {
        refused(
            cases,
            &plain,
            (name, comment),
            ("/payload/additionalDeposit", value.into()),
            "additional-deposit-is-no-uint128",
        )
        .should();
    }
    cases
        .invalid(
            "salt-of-the-opening",
            "The salt under the name it has in an opening.",
            with(
                &with(&plain, "/payload/topUpSalt", Value::Null),
                "/payload/salt",
                word("5b").into(),
            ),
            "top-up-salt-is-missing",
        )
        .should();
    channel_misfits(cases, &plain, "/payload/channelId");
}
