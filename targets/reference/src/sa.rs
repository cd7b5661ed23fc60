//! The client of the settlement service. It fails closed: whatever it cannot
//! read as a success is none.

use std::time::Duration;

use conform402_wire::adapter::{FacilitatorInfo, OfferInfo, TestbedInfo};
use conform402_wire::charge::{Authorization, ChargePayload};
use conform402_wire::did::DidPkh;
use conform402_wire::eip3009::{self, TokenDomain};
use conform402_wire::members::Members;
use conform402_wire::sa::channel::ChannelStatus;
use conform402_wire::sa::charge::{ChargeReceipt, SETTLE, VERIFY_HASH};
use conform402_wire::sa::request::STATUS;
use conform402_wire::sa::session::SessionReceipt;
use conform402_wire::sa::{SaCode, auth};
use conform402_wire::session::channel::ChannelId;
use conform402_wire::signature;
use conform402_wire::{BaseUnits, Challenge, Credential, timestamp};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fault::{Faults, fault};

/// Why the settlement service did not settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSettled {
    /// It refused.
    #[error("refused with {0}")]
    Refused(SaCode),
    /// It answered what is no answer.
    #[error("its answer cannot be read")]
    Unreadable,
    /// It did not answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The connection broke.
    #[error("the connection broke")]
    Lost,
}

impl NotSettled {
    /// Whether the service may have done what it was asked, without a word that
    /// could be understood.
    pub const fn is_unheard(self) -> bool {
        !matches!(self, Self::Refused(_))
    }

    /// The code a buyer is shown: what is not known to be a refusal is an
    /// internal error.
    pub const fn code(self) -> SaCode {
        match self {
            Self::Refused(code) => code,
            _ => SaCode::Internal,
        }
    }
}

/// A payment that was settled.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    /// Transaction hash.
    pub reference: String,
    /// The merchant's order id.
    pub external_id: Option<String>,
}

/// Something done with a channel.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// Transaction hash.
    pub reference: Option<String>,
    /// All that is deposited now.
    pub deposit: Option<BaseUnits>,
}

/// The settlement service of one mount.
#[derive(Clone, Debug)]
pub struct SaClient {
    http: reqwest::Client,
    service: FacilitatorInfo,
    chain_id: u64,
    faults: Faults,
}

impl SaClient {
    pub fn new(http: reqwest::Client, testbed: &TestbedInfo, faults: Faults) -> Self {
        Self { http, service: testbed.facilitator.clone(), chain_id: testbed.chain_id, faults }
    }

    /// Has a credential settled or verified.
    pub async fn settle(
        &self,
        credential: &Credential,
        payload: &Value,
    ) -> Result<Settled, NotSettled> {
        let body = json!({
            "challenge": credential.challenge,
            "payload": payload,
            "source": self.source_of(credential, payload),
        });
        let is_hash = payload["type"] == "hash";
        let path = if is_hash { VERIFY_HASH } else { SETTLE };
        let (status, answer) = self.ask("POST", path, &body.to_string()).await?;
        self.read_charge(status, &answer, credential)
    }

    /// Has something done with a channel.
    pub async fn order(
        &self,
        path: &str,
        body: &Value,
        channel: ChannelId,
    ) -> Result<Done, NotSettled> {
        let (status, answer) = self.ask("POST", path, &body.to_string()).await?;
        let Some(data) = self.read(status, &answer)? else { return Ok(Done::default()) };
        // Declared where charges are read.
        if self.faults.has("reads-any-data-as-receipt") {
            let deposit = serde_json::from_value(data["deposit"].clone()).ok();
            return Ok(Done { reference: None, deposit });
        }
        let receipt: SessionReceipt =
            serde_json::from_value(data).map_err(|_| NotSettled::Unreadable)?;
        self.check_status(&receipt.status)?;
        if receipt.channel_id != channel && !self.takes_receipts_of_others() {
            return Err(NotSettled::Unreadable);
        }
        Ok(Done { reference: receipt.reference, deposit: receipt.deposit })
    }

    /// Asks how a channel stands.
    pub async fn status(&self, channel: ChannelId) -> Result<ChannelStatus, NotSettled> {
        let (status, answer) =
            self.ask("GET", &format!("{STATUS}?channelId={channel}"), "").await?;
        let data = self.read(status, &answer)?.unwrap_or_default();
        ChannelStatus::parse(Members::new(&data)).map_err(|_| NotSettled::Unreadable)
    }

    fn source_of(&self, credential: &Credential, payload: &Value) -> String {
        let faults = &self.faults;
        let source = credential.source.clone().unwrap_or_default();
        let is_hash = payload["type"] == "hash";
        if !is_hash
            && fault!(faults, "drops-the-source", "the source of a transaction is not passed on")
        {
            return String::new();
        }
        match source.parse::<DidPkh>() {
            Ok(did)
                if fault!(
                    faults,
                    "corrects-the-source",
                    "the source is moved to the right chain"
                ) =>
            {
                DidPkh { chain_id: self.chain_id, ..did }.to_string()
            }
            _ => source,
        }
    }

    /// Asks without anything to settle.
    pub async fn ask_in_vain(&self, challenge: Option<&Challenge>) {
        let body =
            challenge.map_or(json!({}), |challenge| json!({"challenge": challenge, "source": ""}));
        let _ = self.ask("POST", VERIFY_HASH, &body.to_string()).await;
    }

    async fn ask(&self, method: &str, path: &str, body: &str) -> Result<(u16, String), NotSettled> {
        let stamp = timestamp::format_millis(Timestamp::now());
        let service = &self.service;
        let signature = auth::sign(&service.secret_key, &stamp, method, path, body.as_bytes());
        let failed = |error: reqwest::Error| {
            if error.is_timeout() { NotSettled::Timeout } else { NotSettled::Lost }
        };
        let url = format!("{}{path}", service.url);
        let request = match method {
            "GET" => self.http.get(url),
            _ => self.http.post(url).header("content-type", "application/json"),
        };
        let mut patience = service.timeout_ms;
        if fault!(self.faults, "waits-half-as-long", "a slow answer is not waited for") {
            patience >>= 1;
        }
        let response = request
            .timeout(Duration::from_millis(patience))
            .header(auth::KEY, &service.api_key)
            .header(auth::SIGN, signature)
            .header(auth::TIMESTAMP, stamp)
            .header(auth::PASSPHRASE, &service.passphrase)
            .body(body.to_owned())
            .send()
            .await
            .map_err(failed)?;
        let status = response.status().as_u16();
        Ok((status, response.text().await.map_err(failed)?))
    }

    /// The data of a success; `None` where a fault takes something else for one.
    fn read(&self, status: u16, body: &str) -> Result<Option<Value>, NotSettled> {
        let faults = &self.faults;
        if status != 200
            && !fault!(faults, "ignores-http-errors", "a success in an HTTP error counts")
        {
            return Err(NotSettled::Unreadable);
        }
        let mut envelope: Value = serde_json::from_str(body).unwrap_or_default();
        if !envelope.is_object() {
            return if fault!(
                faults,
                "reads-unreadable-as-success",
                "an answer that is no envelope counts"
            ) {
                Ok(None)
            } else {
                Err(NotSettled::Unreadable)
            };
        }
        self.read_code(&envelope["code"])?;
        Ok(Some(envelope["data"].take()))
    }

    fn read_charge(
        &self,
        status: u16,
        body: &str,
        credential: &Credential,
    ) -> Result<Settled, NotSettled> {
        let Some(data) = self.read(status, body)? else { return Ok(Settled::default()) };
        if fault!(
            self.faults,
            "reads-any-data-as-receipt",
            "code 0 is enough, whatever `data` holds"
        ) {
            return Ok(Settled {
                reference: data["reference"].as_str().unwrap_or_default().to_owned(),
                external_id: data["externalId"].as_str().map(str::to_owned),
            });
        }
        let receipt: ChargeReceipt =
            serde_json::from_value(data).map_err(|_| NotSettled::Unreadable)?;
        self.check_status(&receipt.status)?;
        let of_another = receipt.challenge_id.is_some_and(|id| id != credential.challenge.id.0);
        if of_another && !self.takes_receipts_of_others() {
            return Err(NotSettled::Unreadable);
        }
        Ok(Settled { reference: receipt.reference.to_string(), external_id: receipt.external_id })
    }

    fn check_status(&self, status: &str) -> Result<(), NotSettled> {
        let fails = status != "success";
        if fails
            && !fault!(
                self.faults,
                "ignores-the-receipts-status",
                "a failed or pending settlement counts"
            )
        {
            return Err(NotSettled::Unreadable);
        }
        Ok(())
    }

    fn takes_receipts_of_others(&self) -> bool {
        fault!(
            self.faults,
            "takes-receipts-of-others",
            "a receipt for another challenge, or another channel, counts"
        )
    }

    fn read_code(&self, code: &Value) -> Result<(), NotSettled> {
        let faults = &self.faults;
        let counts = match code.as_i64() {
            Some(0) => true,
            Some(number) => match SaCode::from_number(number) {
                Some(code) => return Err(NotSettled::Refused(code)),
                None if number < 0 => {
                    fault!(faults, "reads-negative-codes-as-success", "a negative code counts")
                }
                None => fault!(faults, "reads-unknown-codes-as-success", "an unknown code counts"),
            },
            None if code.is_string() => {
                fault!(faults, "reads-text-codes-as-success", "a code that is text counts")
            }
            None => {
                fault!(faults, "reads-missing-code-as-success", "an answer without code counts")
            }
        };
        if counts { Ok(()) } else { Err(NotSettled::Unreadable) }
    }
}

/// What is sent to the service for a payload: the payload, untouched, unless a
/// fault mends what only the payer may.
pub fn forwarded(faults: &Faults, offer: &OfferInfo, payload: &ChargePayload) -> Value {
    let mut payload = payload.clone();
    if let ChargePayload::Transaction { authorization } = &mut payload {
        let splits = &mut authorization.splits;
        if splits.len() == 1
            && fault!(faults, "forgets-a-lone-split", "a single split is not passed on")
        {
            splits.clear();
        }
        if fault!(faults, "drops-extra-splits", "splits nobody asked for are not passed on") {
            splits.truncate(offer.splits.len());
        }
        if fault!(faults, "sorts-splits", "splits are passed on in the offer's order") {
            let place =
                |split: &Authorization| offer.splits.iter().position(|s| s.recipient == split.to);
            splits.sort_by_key(place);
        }
        authorization.signature = mended(faults, authorization, offer).into();
    }
    json!(payload)
}

fn mended(faults: &Faults, authorization: &Authorization, offer: &OfferInfo) -> Vec<u8> {
    let mut signature = authorization.signature.to_vec();
    if signature.len() > 65
        && fault!(faults, "trims-long-signatures", "bytes behind a signature are cut off")
    {
        signature.truncate(65);
    }
    if signature.len() == 64
        && fault!(faults, "guesses-missing-parity", "a signature without v gets one")
    {
        let domain = TokenDomain {
            name: "USD₮0".to_owned(),
            version: "1".to_owned(),
            chain_id: offer.chain_id,
            contract: offer.currency,
        };
        let digest = eip3009::digest(authorization, &domain);
        signature.push(27);
        if signature::recover(&digest, &signature) != Ok(authorization.from) {
            signature[64] = 28;
        }
    }
    let bare = matches!(signature.get(64), Some(0 | 1));
    if bare && fault!(faults, "normalizes-parity", "a v of 0 or 1 is made 27 or 28") {
        signature[64] += 27;
    }
    if signature.len() == 65
        && fault!(faults, "lowers-high-s", "a high s is replaced by its low twin")
    {
        let twin = signature::with_high_s(&signature.clone().into()).to_vec();
        if twin[32..64] < signature[32..64] {
            signature = twin;
        }
    }
    signature
}
