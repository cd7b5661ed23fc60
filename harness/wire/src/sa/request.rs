//! What a seller asks of the SA (seed 000, "Endpoints called").
//!
//! Two kinds: parts of a buyer's credential that are forwarded, and what the
//! seller itself signed. Of a payload only what the SA takes is forwarded; the
//! voucher beside an opening stays with the seller, who alone verifies it.

use serde_json::{Map, Value, json};

use super::charge;
use crate::members::Members;
use crate::typed_data::Misfit;

/// Opens a channel.
pub const OPEN: &str = "/api/v6/pay/mpp/session/open";
/// Adds to a channel's deposit.
pub const TOP_UP: &str = "/api/v6/pay/mpp/session/topUp";
/// Withdraws what vouchers allow.
pub const SETTLE: &str = "/api/v6/pay/mpp/session/settle";
/// Settles and closes a channel.
pub const CLOSE: &str = "/api/v6/pay/mpp/session/close";
/// Asks for a channel.
pub const STATUS: &str = "/api/v6/pay/mpp/session/status";

/// A request to the SA, before it is signed and sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaRequest {
    /// `POST`, but for a question.
    pub method: &'static str,
    /// With the query.
    pub path: String,
    /// JSON; a question has none.
    pub body: Option<Value>,
}

/// Why no request can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRequest {
    /// A member is absent or of another type.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// The payload's `type` belongs to another endpoint, or to none.
    #[error("the payload is of another type")]
    OtherType,
    /// The payload's `action` belongs to another endpoint, or to none.
    #[error("the payload is of another action")]
    OtherAction,
}

/// The parts of a credential, as the buyer sent them.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a>(pub Members<'a>);

impl<'a> Parts<'a> {
    /// Settles a charge by the buyer's authorization.
    ///
    /// # Errors
    /// [`NoRequest`] at the first thing that is wrong.
    pub fn charge_settle(self) -> Result<SaRequest, NoRequest> {
        let payload = self.payload("transaction")?;
        let authorization = payload.object("authorization")?;
        check_signed_authorization(authorization)?;
        for split in authorization.or_default("splits", Members::array)? {
            check_signed_authorization(Members::of("splits", split)?)?;
        }
        self.forward(charge::SETTLE, payload, &["type", "authorization"], Source::Free)
    }

    /// Verifies a charge that the buyer broadcast.
    ///
    /// # Errors
    /// [`NoRequest`] at the first thing that is wrong.
    pub fn charge_verify_hash(self) -> Result<SaRequest, NoRequest> {
        let payload = self.payload("hash")?;
        payload.bytes32("hash")?;
        self.forward(charge::VERIFY_HASH, payload, &["type", "hash"], Source::Required)
    }

    /// Opens a channel.
    ///
    /// # Errors
    /// [`NoRequest`] at the first thing that is wrong.
    pub fn session_open(self) -> Result<SaRequest, NoRequest> {
        let payload = self.action("open")?;
        payload.bytes32("channelId")?;
        payload.bytes32("salt")?;
        payload.if_any("authorizedSigner", Members::address)?;
        let members = ["action", "type", "channelId", "salt", "authorizedSigner"];
        self.forward_deposit(OPEN, payload, &members)
    }

    /// Adds to the deposit. Whether the challenge goes along is free: some SDKs
    /// send it, others do not.
    ///
    /// # Errors
    /// [`NoRequest`] at the first thing that is wrong.
    pub fn session_top_up(self) -> Result<SaRequest, NoRequest> {
        let payload = self.action("topUp")?;
        payload.bytes32("channelId")?;
        payload.bytes32("topUpSalt")?;
        payload.uint("additionalDeposit", 128)?;
        let members = ["action", "type", "channelId", "topUpSalt", "additionalDeposit"];
        self.forward_deposit(TOP_UP, payload, &members)
    }

    fn payload(self, kind: &str) -> Result<Members<'a>, NoRequest> {
        let payload = self.0.object("payload")?;
        if payload.text("type")? == kind { Ok(payload) } else { Err(NoRequest::OtherType) }
    }

    fn action(self, action: &str) -> Result<Members<'a>, NoRequest> {
        let payload = self.0.object("payload")?;
        if payload.text("action")? == action { Ok(payload) } else { Err(NoRequest::OtherAction) }
    }

    /// A deposit is authorized, its signature beside the authorization, or
    /// already made.
    fn forward_deposit(
        self,
        path: &str,
        payload: Members<'a>,
        members: &[&str],
    ) -> Result<SaRequest, NoRequest> {
        match payload.text("type")? {
            "transaction" => {
                check_authorization(payload.object("authorization")?)?;
                check_signature(payload, "signature")?;
                let members = [members, &["authorization", "signature"]].concat();
                self.forward(path, payload, &members, Source::Free)
            }
            "hash" => {
                payload.bytes32("hash")?;
                let members = [members, &["hash"]].concat();
                let source = if path == OPEN { Source::Required } else { Source::Free };
                self.forward(path, payload, &members, source)
            }
            _ => Err(NoRequest::OtherType),
        }
    }

    fn forward(
        self,
        path: &str,
        payload: Members<'a>,
        members: &[&str],
        source: Source,
    ) -> Result<SaRequest, NoRequest> {
        let mut body = Map::new();
        if self.0.optional("challenge").is_some() || path != TOP_UP {
            let challenge = self.0.object("challenge")?;
            for name in ["id", "realm", "method", "intent", "request"] {
                challenge.text(name)?;
            }
            body.insert("challenge".to_owned(), challenge.value().clone());
        }
        let kept = members.iter().filter_map(|name| {
            payload.optional(name).map(|value| ((*name).to_owned(), value.clone()))
        });
        body.insert("payload".to_owned(), Value::Object(kept.collect()));
        // An empty source is none.
        let named = self.0.optional_text("source")?.filter(|source| !source.is_empty());
        match (named, source) {
            (Some(value), _) => {
                body.insert("source".to_owned(), value.into());
            }
            (None, Source::Required) => return Err(Misfit::Missing("source".to_owned()).into()),
            (None, Source::Free) => {}
        }
        Ok(post(path, Value::Object(body)))
    }
}

/// Whether a request needs to say who pays: of a hash nothing else does.
#[derive(Clone, Copy)]
enum Source {
    Required,
    Free,
}

fn check_authorization(authorization: Members<'_>) -> Result<(), Misfit> {
    authorization.address("from")?;
    authorization.address("to")?;
    for name in ["value", "validAfter", "validBefore"] {
        authorization.uint(name, 256)?;
    }
    authorization.bytes32("nonce")?;
    Ok(())
}

/// In a charge each authorization holds its signature.
fn check_signed_authorization(authorization: Members<'_>) -> Result<(), Misfit> {
    check_authorization(authorization)?;
    check_signature(authorization, "signature")
}

fn check_signature(members: Members<'_>, name: &str) -> Result<(), Misfit> {
    members.fixed::<65>(name, "signature").map(drop)
}

/// Text as it came, if `check` takes it.
fn written<'a, T>(
    parts: Members<'a>,
    name: &str,
    check: impl FnOnce(Members<'a>, &str) -> Result<T, Misfit>,
) -> Result<&'a str, Misfit> {
    check(parts, name)?;
    parts.text(name)
}

/// What the seller signs to withdraw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawal {
    /// The channel stays open.
    Settle,
    /// The channel ends.
    Close,
}

impl Withdrawal {
    /// The request: voucher and payee's authorization, wrapped in `payload`.
    ///
    /// # Errors
    /// [`NoRequest`] at the first thing that is wrong.
    pub fn request(self, parts: Members<'_>) -> Result<SaRequest, NoRequest> {
        let (path, action) = match self {
            Self::Settle => (SETTLE, "settle"),
            Self::Close => (CLOSE, "close"),
        };
        let payload = json!({
            "action": action,
            "channelId": written(parts, "channelId", Members::bytes32)?,
            "cumulativeAmount": parts.uint("cumulativeAmount", 128)?,
            "voucherSignature": written(parts, "voucherSignature", check_signature)?,
            "payeeSignature": written(parts, "payeeSignature", check_signature)?,
            "nonce": parts.uint("nonce", 256)?,
            "deadline": parts.uint("deadline", 256)?,
        });
        Ok(post(path, json!({ "payload": payload })))
    }
}

/// Asks for a channel. Nothing but an id may enter the query: it could bring
/// parameters of its own.
///
/// # Errors
/// [`NoRequest`] where `channelId` is none.
pub fn status(parts: Members<'_>) -> Result<SaRequest, NoRequest> {
    let id = written(parts, "channelId", Members::bytes32)?;
    Ok(SaRequest { method: "GET", path: format!("{STATUS}?channelId={id}"), body: None })
}

fn post(path: &str, body: Value) -> SaRequest {
    SaRequest { method: "POST", path: path.to_owned(), body: Some(body) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn word(byte: &str) -> String {
        format!("0x{}", byte.repeat(32))
    }

    fn open() -> Value {
        json!({
            "challenge": {
                "id": "i", "realm": "r", "method": "evm", "intent": "session", "request": "e30",
            },
            "payload": {
                "action": "open",
                "type": "hash",
                "channelId": word("c1"),
                "salt": word("5a"),
                "hash": word("ab"),
                "cumulativeAmount": "0",
                "voucherSignature": format!("0x{}", "11".repeat(65)),
            },
            "source": "did:pkh:eip155:196:0x70997970c51812dc3a010c7d01b50e0d17dc79c8",
        })
    }

    fn opened(parts: &Value) -> Result<SaRequest, NoRequest> {
        Parts(Members::new(parts)).session_open()
    }

    #[test]
    fn the_voucher_stays_with_the_seller() {
        let body = opened(&open()).unwrap().body.unwrap();
        assert!(body["payload"].get("cumulativeAmount").is_none());
        assert!(body["payload"].get("voucherSignature").is_none());
        assert_eq!(body["payload"]["hash"], open()["payload"]["hash"]);
    }

    #[rstest]
    #[case::action("/payload/action", json!("close"), NoRequest::OtherAction)]
    #[case::kind("/payload/type", json!("proof"), NoRequest::OtherType)]
    #[case::source("/source", json!(""), Misfit::Missing("source".into()).into())]
    #[case::hash("/payload/hash", json!(null), Misfit::Missing("hash".into()).into())]
    #[case::channel("/payload/channelId", json!("0xc1"), Misfit::kind("channelId", "bytes32").into())]
    fn refuses(#[case] member: &str, #[case] value: Value, #[case] expected: NoRequest) {
        let mut parts = open();
        *parts.pointer_mut(member).unwrap() = value;
        assert_eq!(opened(&parts), Err(expected));
    }

    #[test]
    fn a_query_has_nothing_but_the_id() {
        let id = format!("{}&admin=true", word("c1"));
        assert!(status(Members::new(&json!({ "channelId": id }))).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*") {
            let parts = json!({ "payload": { "action": text, "type": text }, "channelId": text });
            let parts = Members::new(&parts);
            let _ = Parts(parts).charge_settle();
            let _ = Parts(parts).session_open();
            let _ = Withdrawal::Close.request(parts);
            let _ = status(parts);
        }
    }
}
