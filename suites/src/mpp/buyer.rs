//! A buyer. It builds a valid payment by default; a negative changes one part
//! of it, and signing comes last, so that the signature covers the change.

use alloy::primitives::{Address, Bytes, TxHash, U256};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall as _;
use conform402_chain::{Account, Token};
use conform402_runner::{Answer, Bed, Broken, Mounted, Request};
use conform402_wire::charge::{Authorization, ChargePayload, ChargeRequest, METHOD, Split};
use conform402_wire::did::DidPkh;
use conform402_wire::eip3009::{TokenDomain, Transfer};
use conform402_wire::{BaseUnits, Challenge, credential, timestamp};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

/// How much longer than its challenge an authorization lives. Sellers of the
/// Rust SDK ask for at least 60 s.
const AFTER_EXPIRY: i64 = 300;

/// A payment before it is signed.
#[derive(Clone, Debug)]
pub struct Payment {
    /// The challenge, as it will be echoed.
    pub challenge: Challenge,
    /// Who pays.
    pub source: Option<String>,
    /// The transfer to the recipient.
    pub primary: Transfer,
    /// The transfers of the splits.
    pub splits: Vec<Transfer>,
    /// The domain all are signed in.
    pub domain: TokenDomain,
    /// The key all are signed with.
    pub key: PrivateKeySigner,
}

impl Payment {
    /// A valid payment of `offer`: asks for a challenge and answers it.
    pub async fn of(bed: &Bed, offer: &Mounted) -> Result<Self, Broken> {
        let challenge = challenge(bed, offer).await?;
        Self::answering(bed, offer, challenge)
    }

    /// A valid payment that answers `challenge`.
    pub fn answering(bed: &Bed, offer: &Mounted, challenge: Challenge) -> Result<Self, Broken> {
        let request = read_request(&challenge)?;
        let payer = bed.payer();
        let valid_before = valid_before(&challenge)?;
        let transfer = |to, value| Transfer {
            from: payer.address(),
            to,
            value,
            valid_after: 0,
            valid_before,
            nonce: bed.nonce(),
        };
        let due = due(&request);
        let splits: &[Split] = &request.method_details.splits;
        Ok(Self {
            primary: transfer(request.recipient, due),
            splits: splits.iter().map(|split| transfer(split.recipient, split.amount)).collect(),
            source: Some(did(payer, offer.chain_id())),
            domain: TokenDomain { chain_id: offer.chain_id(), ..offer.token().domain.clone() },
            key: payer.key().clone(),
            challenge,
        })
    }

    /// The same payment, changed.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Signs everything as it stands.
    pub fn authorization(&self) -> Result<Authorization, Broken> {
        let sign = |transfer: &Transfer| {
            transfer.sign(&self.domain, &self.key).map_err(|error| Broken::Ours(error.to_string()))
        };
        let mut authorization = sign(&self.primary)?;
        authorization.splits = self.splits.iter().map(sign).collect::<Result<_, _>>()?;
        Ok(authorization)
    }

    /// The credential, signed as it stands.
    pub fn sign(&self) -> Result<Value, Broken> {
        self.carrying(self.authorization()?)
    }

    /// The credential with an authorization changed after it was signed: for
    /// cases about the signature's own bytes.
    pub fn carrying(&self, authorization: Authorization) -> Result<Value, Broken> {
        let payload = ChargePayload::Transaction { authorization };
        Ok(self.with_payload(&serde_json::to_value(payload).map_err(ours)?))
    }

    /// The credential with another payload.
    #[must_use]
    pub fn with_payload(&self, payload: &Value) -> Value {
        let mut credential = json!({"challenge": self.challenge, "payload": payload});
        if let Some(source) = &self.source {
            credential["source"] = json!(source);
        }
        credential
    }

    /// The credential that names a transaction already sent.
    #[must_use]
    pub fn with_hash(&self, hash: TxHash) -> Value {
        self.with_payload(&json!({"type": "hash", "hash": hash}))
    }

    /// What the recipient gets, sent by the payer itself.
    #[must_use]
    pub fn transfer_call(&self) -> Bytes {
        let call = Token::transferCall { to: self.primary.to, value: self.primary.value.0 };
        call.abi_encode().into()
    }
}

/// Asks for an offer without paying, and returns its challenge.
pub async fn challenge(bed: &Bed, offer: &Mounted) -> Result<Challenge, Broken> {
    let answer = bed.send(Request::to(offer)).await?;
    challenge_for(&answer, offer)
}

/// The challenge of an answer that asks for this offer. Rows that are broken,
/// or ask for something else, are for other checks to judge.
pub fn challenge_for(answer: &Answer, offer: &Mounted) -> Result<Challenge, Broken> {
    let mut misses = Vec::new();
    for row in answer.headers_named("www-authenticate") {
        match Challenge::parse_all([row]) {
            Err(error) => misses.push(error.to_string()),
            Ok(challenges) => {
                for challenge in challenges {
                    match asks_for(&challenge, offer) {
                        Ok(()) => return Ok(challenge),
                        Err(miss) => misses.push(miss),
                    }
                }
            }
        }
    }
    let why = if misses.is_empty() { "none at all".to_owned() } else { misses.join("; ") };
    let status = answer.status;
    Err(Broken::promise(format!(
        "the answer ({status}) has no Payment challenge for this offer: {why}"
    )))
}

fn asks_for(challenge: &Challenge, offer: &Mounted) -> Result<(), String> {
    if !challenge.method.eq_ignore_ascii_case(METHOD) {
        return Err(format!("one of method {:?}", challenge.method));
    }
    let request = challenge.request.decode().map_err(|error| format!("`request`: {error}"))?;
    for (member, expected) in [("currency", offer.currency()), ("recipient", offer.recipient())] {
        let found = request[member].as_str().and_then(|text| text.parse::<Address>().ok());
        if found != Some(expected) {
            return Err(format!("`{member}` is {}", request[member]));
        }
    }
    Ok(())
}

/// Presents a credential, in the exact bytes of `field`.
pub async fn present_field(
    bed: &Bed,
    offer: &Mounted,
    field: impl Into<String>,
) -> Result<Answer, Broken> {
    bed.send(Request::to(offer).header("authorization", field)).await
}

/// Presents a credential.
pub async fn present(bed: &Bed, offer: &Mounted, credential: &Value) -> Result<Answer, Broken> {
    present_field(bed, offer, credential::to_field(credential)).await
}

/// The challenge with one parameter changed and its id made anew, as only the
/// target could: it isolates that parameter from the binding. Needs a target
/// that binds ids the recommended way.
pub fn reissue(
    bed: &Bed,
    challenge: &Challenge,
    change: impl FnOnce(&mut Challenge),
) -> Result<Challenge, Broken> {
    let secret = bed.testbed().secret_key();
    if challenge.bound_id(secret) != challenge.id {
        return Err(Broken::NotApplicable(
            "the target binds challenge ids in a way of its own".to_owned(),
        ));
    }
    let mut changed = challenge.clone();
    change(&mut changed);
    Ok(changed.bind(secret))
}

/// The payer as a DID.
#[must_use]
pub fn did(payer: &Account, chain_id: u64) -> String {
    DidPkh { chain_id, address: payer.address() }.to_string()
}

/// Now, Unix seconds.
#[must_use]
pub fn now() -> u64 {
    u64::try_from(Timestamp::now().as_second()).unwrap_or_default()
}

/// An RFC 3339 instant so many seconds from now.
#[must_use]
pub fn in_seconds(seconds: i64) -> String {
    let now = Timestamp::now();
    timestamp::format_millis(now.checked_add(seconds.seconds()).unwrap_or(now))
}

fn read_request(challenge: &Challenge) -> Result<ChargeRequest, Broken> {
    challenge.request.decode_as().map_err(|error| {
        Broken::promise(format!("the challenge's `request` is no charge request: {error}"))
    })
}

/// The amount less all splits; nothing where the splits take all, so that
/// offers no seller should make can be answered too.
fn due(request: &ChargeRequest) -> BaseUnits {
    let taken = request.method_details.splits.iter().fold(U256::ZERO, |sum, s| sum + s.amount.0);
    BaseUnits(request.amount.0.saturating_sub(taken))
}

/// When an authorization that answers `challenge` ends, Unix seconds.
pub fn valid_before(challenge: &Challenge) -> Result<u64, Broken> {
    let soon = Timestamp::now().as_second();
    let expires = match &challenge.expires {
        Some(text) => timestamp::parse(text)
            .map_err(|error| Broken::promise(format!("`expires`: {error}")))?
            .as_second(),
        None => soon,
    };
    Ok(u64::try_from(expires.max(soon) + AFTER_EXPIRY).unwrap_or_default())
}

/// A failure of the harness.
pub fn ours(error: impl std::fmt::Display) -> Broken {
    Broken::Ours(error.to_string())
}
