//! The SA API, asked as a seller would ask it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use alloy::primitives::{Address, B256, U256};
use alloy::sol_types::SolCall as _;
use conform402_chain::Token;
use conform402_facilitator::{Answer, Script};
use conform402_wire::BaseUnits;
use conform402_wire::charge::{ChargePayload, ChargeRequest, INTENT, MethodDetails, Split};
use conform402_wire::eip3009::Transfer;
use conform402_wire::sa::{SaCode, charge};
use rstest::rstest;
use serde_json::{Value, json};

use common::{SECRET, Setting, TIMESTAMP, delta};

impl Setting {
    /// A charge of 100, of which a partner gets 30.
    fn request(&self) -> ChargeRequest {
        ChargeRequest {
            amount: BaseUnits::new(100),
            currency: self.chain.token().domain.contract,
            recipient: self.payee.address(),
            description: None,
            external_id: Some("order-1".into()),
            method_details: MethodDetails {
                chain_id: 196,
                fee_payer: None,
                splits: vec![Split {
                    amount: BaseUnits::new(30),
                    recipient: self.partner,
                    memo: None,
                }],
            },
        }
    }

    fn transfer(&self, to: Address, units: u64, nonce: u8) -> Transfer {
        Transfer {
            from: self.payer.address(),
            to,
            value: BaseUnits::new(units),
            valid_after: 0,
            valid_before: u64::from(u32::MAX),
            nonce: B256::repeat_byte(nonce),
        }
    }

    fn payload(&self) -> Value {
        let domain = &self.chain.token().domain;
        let mut authorization =
            self.transfer(self.payee.address(), 70, 1).sign(domain, self.payer.key()).unwrap();
        let split = self.transfer(self.partner, 30, 2).sign(domain, self.payer.key()).unwrap();
        authorization.splits = vec![split];
        json!(ChargePayload::Transaction { authorization })
    }
}

#[tokio::test]
async fn settles_the_recipient_and_every_split_and_tells_of_it() {
    let setting = Setting::new().await;
    let ledger = setting.ledger();
    let body = setting.body(INTENT, &setting.request(), &setting.payload());
    let answer = setting.ask(charge::SETTLE, &body).await;
    assert_eq!(answer["code"], 0, "{answer}");
    assert_eq!(answer["data"]["status"], "success");
    assert_eq!(answer["data"]["challengeId"], "id");
    assert_eq!(answer["data"]["externalId"], "order-1");
    let payer = setting.payer.address();
    let moved = [
        (payer.into(), delta(-100)),
        (setting.payee.address().into(), delta(70)),
        (setting.partner.into(), delta(30)),
    ];
    ledger.expect(&moved).await.unwrap().unwrap();
    let reference = answer["data"]["reference"].as_str().unwrap().parse().unwrap();
    assert!(setting.chain.receipt(reference).await.unwrap().unwrap().status());

    assert_eq!(setting.code(charge::SETTLE, &body).await, 70003, "a replay");
    ledger.expect(&moved).await.unwrap().unwrap();
    let entries = setting.facilitator.journal().about(&[setting.partner]);
    assert_eq!(
        entries.iter().map(|entry| entry.code()).collect::<Vec<_>>(),
        [Some(0), Some(70003)]
    );
}

#[rstest]
#[case::seconds("2026-11-20T21:49:56Z", SECRET, 200)]
#[case::milliseconds("2026-11-20T21:49:56.123Z", SECRET, 200)]
#[case::another_secret("2026-11-20T21:49:56Z", "another", 401)]
#[case::no_instant("yesterday", SECRET, 401)]
#[tokio::test]
async fn verifies_the_signature_over_the_literal_timestamp(
    #[case] timestamp: &str,
    #[case] secret: &str,
    #[case] status: u16,
) {
    let setting = Setting::new().await;
    let body = setting.body(INTENT, &setting.request(), &setting.payload());
    let answer = setting.ask_at(charge::SETTLE, &body, timestamp, secret).await.unwrap();
    assert_eq!(answer.status().as_u16(), status);
    let moved = !setting.ledger().movements().await.unwrap().is_empty();
    assert_eq!(moved, status == 200);
}

#[rstest]
#[case::no_challenge(|b: &mut Value| b["challenge"] = Value::Null, SaCode::InvalidChallenge)]
#[case::expired(|b: &mut Value| b["challenge"]["expires"] = json!("2020-01-01T00:00:00Z"), SaCode::InvalidChallenge)]
#[case::unreadable_request(|b: &mut Value| b["challenge"]["request"] = json!("!"), SaCode::InvalidParameter)]
#[case::unreadable_payload(|b: &mut Value| b["payload"] = json!({"type": "x"}), SaCode::InvalidParameter)]
#[case::other_payer(|b: &mut Value| b["source"] = json!("did:pkh:eip155:196:0x0000000000000000000000000000000000000001"), SaCode::InvalidCredential)]
#[case::other_chain(|b: &mut Value| { let s = b["source"].as_str().unwrap().replace(":196:", ":1:"); b["source"] = json!(s); }, SaCode::InvalidCredential)]
#[case::value(|b: &mut Value| b["payload"]["authorization"]["value"] = json!("71"), SaCode::InvalidCredential)]
#[case::recipient(|b: &mut Value| b["payload"]["authorization"]["to"] = json!(Address::ZERO), SaCode::InvalidCredential)]
#[case::split_missing(|b: &mut Value| b["payload"]["authorization"]["splits"] = json!([]), SaCode::InvalidCredential)]
#[case::nonce_twice(|b: &mut Value| b["payload"]["authorization"]["splits"][0]["nonce"] = b["payload"]["authorization"]["nonce"].clone(), SaCode::InvalidCredential)]
#[case::signature(|b: &mut Value| b["payload"]["authorization"]["nonce"] = json!(B256::repeat_byte(9)), SaCode::InvalidSignature)]
#[case::split_signature(|b: &mut Value| b["payload"]["authorization"]["splits"][0]["nonce"] = json!(B256::repeat_byte(9)), SaCode::InvalidSignature)]
#[tokio::test]
async fn refuses_by_cause_and_moves_nothing(#[case] change: fn(&mut Value), #[case] code: SaCode) {
    let setting = Setting::new().await;
    let mut body = setting.body(INTENT, &setting.request(), &setting.payload());
    change(&mut body);
    assert_eq!(setting.code(charge::SETTLE, &body).await, code.number());
    assert!(setting.ledger().movements().await.unwrap().is_empty());
}

#[rstest]
#[case::chain(|r: &mut ChargeRequest| r.method_details.chain_id = 1, SaCode::UnsupportedChain)]
#[case::sum(|r: &mut ChargeRequest| r.method_details.splits[0].amount = BaseUnits::new(100), SaCode::SplitSum)]
#[case::count(|r: &mut ChargeRequest| r.method_details.splits = vec![Split { amount: BaseUnits::new(1), recipient: Address::ZERO, memo: None }; 11], SaCode::SplitCount)]
#[case::currency(|r: &mut ChargeRequest| r.currency = Address::ZERO, SaCode::InvalidParameter)]
#[tokio::test]
async fn refuses_offers_that_cannot_be_paid(
    #[case] change: fn(&mut ChargeRequest),
    #[case] code: SaCode,
) {
    let setting = Setting::new().await;
    let mut request = setting.request();
    change(&mut request);
    let body = setting.body(INTENT, &request, &setting.payload());
    assert_eq!(setting.code(charge::SETTLE, &body).await, code.number());
}

#[tokio::test]
async fn verifies_a_hash_once_and_only_for_its_payer() {
    let setting = Setting::new().await;
    let mut request = setting.request();
    request.method_details.splits.clear();
    let token = setting.chain.token().domain.contract;
    let call = Token::transferCall { to: setting.payee.address(), value: U256::from(100) };
    let mined = setting.chain.transact(&setting.payer, token, call.abi_encode()).await.unwrap();
    let payload = json!({"type": "hash", "hash": mined.transaction_hash});

    let mut anonymous = setting.body(INTENT, &request, &payload);
    anonymous["source"] = json!("");
    assert_eq!(setting.code(charge::VERIFY_HASH, &anonymous).await, 70003);
    request.method_details.fee_payer = Some(true);
    let sponsored = setting.body(INTENT, &request, &payload);
    assert_eq!(setting.code(charge::VERIFY_HASH, &sponsored).await, 70003);
    request.method_details.fee_payer = None;
    let body = setting.body(INTENT, &request, &payload);
    assert_eq!(setting.code(charge::VERIFY_HASH, &body).await, 0);
    assert_eq!(setting.code(charge::VERIFY_HASH, &body).await, 70003, "a reused hash");
    let unknown =
        setting.body(INTENT, &request, &json!({"type": "hash", "hash": B256::repeat_byte(7)}));
    assert_eq!(setting.code(charge::VERIFY_HASH, &unknown).await, 70007);
}

#[tokio::test]
async fn blocks_a_payer_and_scripts_for_one_payer_only() {
    let setting = Setting::new().await;
    let body = setting.body(INTENT, &setting.request(), &setting.payload());
    setting.facilitator.script(Address::repeat_byte(0x99), Script::Refuse(SaCode::Internal));
    setting.facilitator.block(setting.payer.address());
    assert_eq!(setting.code(charge::SETTLE, &body).await, 70002);
    setting.facilitator.script(setting.payer.address(), Script::Refuse(SaCode::SplitSum));
    assert_eq!(setting.code(charge::SETTLE, &body).await, 70005);
}

#[tokio::test]
async fn breaks_connections_by_script() {
    let setting = Setting::new().await;
    let body = setting.body(INTENT, &setting.request(), &setting.payload());
    let payer = setting.payer.address();
    setting.facilitator.script(payer, Script::Reset);
    assert!(setting.ask_at(charge::SETTLE, &body, TIMESTAMP, SECRET).await.is_err());
    setting.facilitator.script(payer, Script::Truncated { body: "0123456789".into() });
    let cut = setting.ask_at(charge::SETTLE, &body, TIMESTAMP, SECRET).await.unwrap();
    assert!(cut.text().await.is_err());
    let answers: Vec<Answer> =
        setting.facilitator.journal().about(&[payer]).into_iter().map(|e| e.answer).collect();
    assert_eq!(answers, [Answer::Reset, Answer::Truncated { sent: "01234".into() }]);
}
