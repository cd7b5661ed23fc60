//! The session endpoints of the SA API, asked as a seller would ask them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use alloy::primitives::{Address, B256, U256};
use alloy::sol_types::SolCall as _;
use conform402_wire::BaseUnits;
use conform402_wire::sa::SaCode;
use conform402_wire::sa::request::{CLOSE, OPEN, SETTLE, STATUS, TOP_UP, Withdrawal};
use conform402_wire::session::channel::ChannelId;
use rstest::rstest;
use serde_json::{Value, json};

use common::session::{Addition, Order, Proposal};
use common::{FUNDS, Setting};

/// The payer, the channel, the payee and the partner, once it was opened.
const OPENED: [i64; 4] = [-600, 600, 0, 0];

#[tokio::test]
async fn opens_tops_up_settles_and_closes_to_the_unit() {
    let setting = Setting::new().await;
    let channel = setting.proposal().channel;
    let opened = setting.ask(OPEN, &setting.proposal().body(&setting)).await;
    assert_eq!(opened["code"], 0, "{opened}");
    let data = &opened["data"];
    assert_eq!(data["status"], "success");
    assert_eq!(data["channelId"], json!(channel));
    assert_eq!(data["deposit"], "600");
    let reference = data["reference"].as_str().unwrap().parse().unwrap();
    assert!(setting.chain.receipt(reference).await.unwrap().unwrap().status());
    setting.stands(OPENED).await;

    let topped_up = setting.ask(TOP_UP, &setting.addition().body(&setting)).await;
    assert_eq!(topped_up["data"]["deposit"], "650", "{topped_up}");
    setting.stands([-650, 650, 0, 0]).await;

    assert_eq!(setting.withdraw(&setting.order(Withdrawal::Settle, 200)).await, 0);
    setting.stands([-650, 450, 180, 20]).await;
    assert_eq!(setting.withdraw(&setting.order(Withdrawal::Close, 305)).await, 0);
    // A tenth of the 105 that were left is rounded down.
    setting.stands([-305, 0, 275, 30]).await;
}

#[tokio::test]
async fn takes_deposits_the_payer_made() {
    let setting = Setting::new().await;
    let opening = setting.proposal().broadcast(&setting).await.body(&setting);
    assert_eq!(setting.ask(OPEN, &opening).await["data"]["deposit"], "600");
    let addition = setting.addition().broadcast(&setting).await.body(&setting);
    assert_eq!(setting.ask(TOP_UP, &addition).await["data"]["deposit"], "650");
    assert_eq!(setting.code(OPEN, &opening).await, 70003, "a hash used again");
    assert_eq!(setting.code(TOP_UP, &addition).await, 70003, "a hash used again");
    setting.stands([-650, 650, 0, 0]).await;
}

#[tokio::test]
async fn tells_how_a_channel_stands() {
    let setting = Setting::new().await;
    let channel = setting.proposal().channel;
    let unknown = setting.get(&format!("{STATUS}?channelId={channel}")).await;
    assert_eq!(unknown["code"], 70010);
    assert_eq!(setting.get(&format!("{STATUS}?channelId=0xc1")).await["code"], 70000);
    setting.open().await;
    let lower = |address: Address| format!("{address:#x}");
    let open = json!({
        "channelId": channel,
        "payer": lower(setting.payer.address()),
        "payee": lower(setting.payee.address()),
        "token": lower(setting.chain.token().domain.contract),
        "deposit": "600",
        "settledOnChain": "0",
        "sessionStatus": "OPEN",
        "remainingBalance": "600",
    });
    assert_eq!(setting.status().await, open);
    setting.request_close().await;
    assert_eq!(setting.status().await["sessionStatus"], "CLOSING");
    assert_eq!(setting.withdraw(&setting.order(Withdrawal::Close, 200)).await, 0);
    let closed = setting.status().await;
    assert_eq!(closed["sessionStatus"], "CLOSED");
    assert_eq!(closed["settledOnChain"], "200");
    assert_eq!(closed["remainingBalance"], "0");
}

#[rstest]
#[case::chain(|p: &mut Proposal, _: &Setting| p.request.method_details.chain_id = 1, SaCode::UnsupportedChain)]
#[case::escrow(|p: &mut Proposal, _: &Setting| p.request.method_details.escrow_contract = Address::ZERO, SaCode::InvalidParameter)]
#[case::currency(|p: &mut Proposal, _: &Setting| p.request.currency = Address::ZERO, SaCode::InvalidParameter)]
#[case::empty_split(|p: &mut Proposal, _: &Setting| p.share(&[0]), SaCode::InvalidParameter)]
#[case::split_sum(|p: &mut Proposal, _: &Setting| p.share(&[9_000, 1_000]), SaCode::SplitSum)]
#[case::split_count(|p: &mut Proposal, _: &Setting| p.share(&[1; 11]), SaCode::SplitCount)]
#[case::payee(|p: &mut Proposal, _: &Setting| p.terms.payee = Address::ZERO, SaCode::InvalidCredential)]
#[case::token(|p: &mut Proposal, s: &Setting| p.terms.token = s.chain.other_token().domain.contract, SaCode::InvalidCredential)]
#[case::signer(|p: &mut Proposal, _: &Setting| p.terms.authorized_signer = p.terms.payer, SaCode::InvalidCredential)]
#[case::more_than_there_is(|p: &mut Proposal, _: &Setting| p.money.receive.value = BaseUnits::new(FUNDS + 1), SaCode::InvalidCredential)]
#[case::nothing(|p: &mut Proposal, _: &Setting| p.money.receive.value = BaseUnits::default(), SaCode::InvalidCredential)]
#[case::past_128_bits(|p: &mut Proposal, _: &Setting| p.money.receive.value = BaseUnits(U256::from(1) << 128), SaCode::InvalidParameter)]
#[case::expired(|p: &mut Proposal, _: &Setting| p.money.receive.valid_before = BaseUnits::new(1), SaCode::InvalidCredential)]
#[case::not_yet_valid(|p: &mut Proposal, _: &Setting| p.money.receive.valid_after = BaseUnits::new(u64::from(u32::MAX) - 1), SaCode::InvalidCredential)]
#[case::to(|p: &mut Proposal, s: &Setting| p.money.receive.to = s.payee.address(), SaCode::InvalidCredential)]
#[case::key(|p: &mut Proposal, s: &Setting| p.money.key = s.stranger(), SaCode::InvalidSignature)]
#[case::source(|p: &mut Proposal, s: &Setting| p.money.source = s.source(s.partner), SaCode::InvalidCredential)]
#[tokio::test]
async fn opens_nothing(#[case] change: fn(&mut Proposal, &Setting), #[case] code: SaCode) {
    let setting = Setting::new().await;
    let mut proposal = setting.proposal();
    change(&mut proposal, &setting);
    let body = proposal.bound().body(&setting);
    assert_eq!(setting.code(OPEN, &body).await, code.number());
    setting.stands([0; 4]).await;
}

#[rstest]
#[case::no_challenge(|b: &mut Value| b["challenge"] = Value::Null, SaCode::InvalidChallenge)]
#[case::expired(|b: &mut Value| b["challenge"]["expires"] = json!("2020-01-01T00:00:00Z"), SaCode::InvalidChallenge)]
#[case::unreadable_request(|b: &mut Value| b["challenge"]["request"] = json!("!"), SaCode::InvalidParameter)]
#[case::unreadable_payload(|b: &mut Value| b["payload"]["salt"] = json!("0x5a"), SaCode::InvalidParameter)]
#[case::action(|b: &mut Value| b["payload"]["action"] = json!("topUp"), SaCode::InvalidParameter)]
#[case::kind(|b: &mut Value| b["payload"]["type"] = json!("permit2"), SaCode::InvalidParameter)]
#[case::channel(|b: &mut Value| b["payload"]["channelId"] = json!(B256::ZERO), SaCode::InvalidCredential)]
#[case::salt(|b: &mut Value| b["payload"]["salt"] = json!(B256::ZERO), SaCode::InvalidCredential)]
#[case::nonce(|b: &mut Value| b["payload"]["authorization"]["nonce"] = json!(B256::ZERO), SaCode::InvalidCredential)]
#[case::value(|b: &mut Value| b["payload"]["authorization"]["value"] = json!("601"), SaCode::InvalidSignature)]
#[tokio::test]
async fn opens_nothing_for_what_was_not_signed(
    #[case] change: fn(&mut Value),
    #[case] code: SaCode,
) {
    let setting = Setting::new().await;
    let mut body = setting.proposal().body(&setting);
    change(&mut body);
    assert_eq!(setting.code(OPEN, &body).await, code.number());
    setting.stands([0; 4]).await;
}

#[rstest]
#[case::no_source(|p: &mut Proposal| p.money.source.clear(), SaCode::InvalidCredential)]
#[case::fee_payer(|p: &mut Proposal| p.request.method_details.fee_payer = Some(true), SaCode::InvalidCredential)]
#[case::no_splits(|p: &mut Proposal| p.share(&[]), SaCode::InvalidCredential)]
#[case::another_channel(|p: &mut Proposal| p.terms.salt = B256::ZERO, SaCode::InvalidCredential)]
#[case::unknown(|p: &mut Proposal| p.money.hash = Some(B256::repeat_byte(7)), SaCode::NotConfirmed)]
#[tokio::test]
async fn takes_no_other_opening_of_the_payer(
    #[case] change: fn(&mut Proposal),
    #[case] code: SaCode,
) {
    let setting = Setting::new().await;
    let mut proposal = setting.proposal().broadcast(&setting).await;
    change(&mut proposal);
    let body = proposal.bound().body(&setting);
    assert_eq!(setting.code(OPEN, &body).await, code.number());
    setting.stands(OPENED).await;
}

/// Before a deposit is made, and after.
#[tokio::test]
async fn opens_nothing_where_the_grace_period_is_too_short() {
    let setting = Setting::new().await;
    let hasty = setting.chain.hasty_escrow();
    assert_eq!(setting.chain.grace_period(setting.chain.escrow()).await.unwrap(), 15 * 60);
    assert_eq!(setting.chain.grace_period(hasty).await.unwrap(), 5 * 60);
    let proposal = setting.proposal().in_escrow(hasty);
    assert_eq!(setting.code(OPEN, &proposal.body(&setting)).await, SaCode::GracePeriod.number());
    setting.stands([0; 4]).await;
    let opened = proposal.broadcast(&setting).await;
    assert_eq!(setting.code(OPEN, &opened.body(&setting)).await, SaCode::GracePeriod.number());
    setting.stands_with(opened.channel, OPENED).await;
}

#[tokio::test]
async fn takes_no_opening_that_did_not_happen() {
    let setting = Setting::new().await;
    let (chain, escrow) = (&setting.chain, setting.chain.escrow().contract);
    setting.approve(escrow).await;
    let mut proposal = setting.proposal();
    let call = proposal.call().abi_encode();
    let reverted = chain.transact_in_vain(&setting.payer, escrow, call.clone()).await.unwrap();
    proposal.money.hash = Some(reverted.transaction_hash);
    assert_eq!(setting.code(OPEN, &proposal.body(&setting)).await, 70003);
    proposal.money.hash = Some(chain.leave_pending(&setting.payer, escrow, call).await.unwrap());
    assert_eq!(setting.code(OPEN, &proposal.body(&setting)).await, 70007);
    setting.stands([0; 4]).await;
}

#[rstest]
#[case::another_channel(|a: &mut Addition, _: &Setting| a.channel = ChannelId::default(), SaCode::ChannelNotFound)]
#[case::another_amount(|a: &mut Addition, _: &Setting| a.units = BaseUnits::new(51), SaCode::InvalidCredential)]
#[case::more_than_there_is(|a: &mut Addition, _: &Setting| { a.units = BaseUnits::new(401); a.money.receive.value = a.units; }, SaCode::InvalidCredential)]
#[case::nothing(|a: &mut Addition, _: &Setting| { a.units = BaseUnits::default(); a.money.receive.value = a.units; }, SaCode::InvalidCredential)]
#[case::expired(|a: &mut Addition, _: &Setting| a.money.receive.valid_before = BaseUnits::new(1), SaCode::InvalidCredential)]
#[case::to(|a: &mut Addition, s: &Setting| a.money.receive.to = s.payee.address(), SaCode::InvalidCredential)]
#[case::key(|a: &mut Addition, s: &Setting| a.money.key = s.stranger(), SaCode::InvalidSignature)]
#[case::source(|a: &mut Addition, s: &Setting| a.money.source = s.source(s.partner), SaCode::InvalidCredential)]
#[case::unknown(|a: &mut Addition, _: &Setting| a.money.hash = Some(B256::repeat_byte(7)), SaCode::NotConfirmed)]
#[tokio::test]
async fn adds_nothing(#[case] change: fn(&mut Addition, &Setting), #[case] code: SaCode) {
    let setting = Setting::new().await;
    setting.open().await;
    let mut addition = setting.addition();
    change(&mut addition, &setting);
    let body = addition.bound().body(&setting);
    assert_eq!(setting.code(TOP_UP, &body).await, code.number());
    setting.stands(OPENED).await;
}

#[rstest]
#[case::salt(|b: &mut Value| b["payload"]["topUpSalt"] = json!(B256::ZERO), SaCode::InvalidCredential)]
#[case::no_amount(|b: &mut Value| b["payload"]["additionalDeposit"] = Value::Null, SaCode::InvalidParameter)]
#[case::action(|b: &mut Value| b["payload"]["action"] = json!("settle"), SaCode::InvalidParameter)]
#[tokio::test]
async fn adds_nothing_for_what_was_not_signed(
    #[case] change: fn(&mut Value),
    #[case] code: SaCode,
) {
    let setting = Setting::new().await;
    setting.open().await;
    let mut body = setting.addition().body(&setting);
    change(&mut body);
    assert_eq!(setting.code(TOP_UP, &body).await, code.number());
    setting.stands(OPENED).await;
}

#[tokio::test]
async fn takes_a_top_up_of_the_payer_for_what_it_was() {
    let setting = Setting::new().await;
    setting.open().await;
    let mut addition = setting.addition().broadcast(&setting).await;
    addition.units = BaseUnits::new(51);
    assert_eq!(setting.code(TOP_UP, &addition.body(&setting)).await, 70003);
    addition.units = BaseUnits::new(50);
    let source = std::mem::take(&mut addition.money.source);
    assert_eq!(setting.code(TOP_UP, &addition.body(&setting)).await, 70003, "of nobody");
    addition.money.source = source;
    assert_eq!(setting.code(TOP_UP, &addition.body(&setting)).await, 0);
    setting.stands([-650, 650, 0, 0]).await;
}

#[tokio::test]
async fn tells_of_money_once() {
    let setting = Setting::new().await;
    let opening = setting.proposal().broadcast(&setting).await;
    let addition = setting.addition().broadcast(&setting).await;
    assert_eq!(setting.ask(OPEN, &opening.body(&setting)).await["data"]["deposit"], "650");
    assert_eq!(setting.code(TOP_UP, &addition.body(&setting)).await, 70003, "told of already");
    // What is added from now on is news, the first of two as well as the second.
    let [first, second] = [setting.addition(), setting.addition()];
    let (first, second) = (first.broadcast(&setting).await, second.broadcast(&setting).await);
    assert_eq!(setting.code(TOP_UP, &second.body(&setting)).await, 0);
    assert_eq!(setting.code(TOP_UP, &first.body(&setting)).await, 0);
    setting.stands([-750, 750, 0, 0]).await;
}

#[tokio::test]
async fn takes_no_deposit_of_a_payer_who_leaves() {
    let setting = Setting::new().await;
    let opening = setting.proposal().broadcast(&setting).await;
    setting.request_close().await;
    assert_eq!(setting.code(OPEN, &opening.body(&setting)).await, 70014);
    assert_eq!(setting.code(TOP_UP, &setting.addition().body(&setting)).await, 70014);
    setting.stands(OPENED).await;
    // The grace period is there for this.
    assert_eq!(setting.withdraw(&setting.order(Withdrawal::Settle, 200)).await, 0);
    setting.stands([-600, 400, 180, 20]).await;
}

#[tokio::test]
async fn does_nothing_with_a_closed_channel() {
    let setting = Setting::new().await;
    let opening = setting.proposal().broadcast(&setting).await;
    // Who claims nothing gives everything back.
    assert_eq!(setting.withdraw(&setting.order(Withdrawal::Close, 0)).await, 0);
    assert_eq!(setting.code(OPEN, &opening.body(&setting)).await, 70008);
    assert_eq!(setting.code(TOP_UP, &setting.addition().body(&setting)).await, 70008);
    for withdrawal in [Withdrawal::Settle, Withdrawal::Close] {
        assert_eq!(setting.withdraw(&setting.order(withdrawal, 200)).await, 70008);
    }
    let again = setting.proposal().body(&setting);
    assert_eq!(setting.code(OPEN, &again).await, 70003, "the same terms");
    setting.stands([0; 4]).await;
}

#[tokio::test]
async fn blocks_whoever_deposits() {
    let setting = Setting::new().await;
    let opening = setting.proposal().broadcast(&setting).await;
    let addition = setting.addition().broadcast(&setting).await;
    setting.facilitator.block(setting.payer.address());
    for body in [&opening.body(&setting), &setting.proposal().body(&setting)] {
        assert_eq!(setting.code(OPEN, body).await, 70002);
    }
    for body in [&addition.body(&setting), &setting.addition().body(&setting)] {
        assert_eq!(setting.code(TOP_UP, body).await, 70002);
    }
    setting.stands([-650, 650, 0, 0]).await;
}

#[rstest]
#[case::channel(|o: &mut Order, _: &Setting| o.channel = ChannelId::default(), SaCode::ChannelNotFound)]
#[case::past_the_deposit(|o: &mut Order, _: &Setting| o.cumulative = BaseUnits::new(601), SaCode::PastDeposit)]
#[case::voucher_of_a_stranger(|o: &mut Order, s: &Setting| o.signer = s.stranger(), SaCode::InvalidSignature)]
#[case::order_of_a_stranger(|o: &mut Order, s: &Setting| o.payee = s.stranger(), SaCode::InvalidSignature)]
#[case::order_of_the_payer(|o: &mut Order, s: &Setting| o.payee = s.payer.key().clone(), SaCode::InvalidSignature)]
#[case::deadline(|o: &mut Order, _: &Setting| o.deadline = U256::from(1), SaCode::InvalidCredential)]
#[case::nonce(|o: &mut Order, _: &Setting| o.nonce = U256::from(100), SaCode::InvalidCredential)]
#[tokio::test]
async fn pays_nothing_out(
    #[values(Withdrawal::Settle, Withdrawal::Close)] withdrawal: Withdrawal,
    #[case] change: fn(&mut Order, &Setting),
    #[case] code: SaCode,
) {
    let setting = Setting::new().await;
    setting.open().await;
    assert_eq!(setting.withdraw(&setting.order(Withdrawal::Settle, 100)).await, 0);
    let mut order = setting.order(withdrawal, 200);
    change(&mut order, &setting);
    assert_eq!(setting.withdraw(&order).await, code.number());
    setting.stands([-600, 500, 90, 10]).await;
}

#[rstest]
#[case::voucher(|b: &mut Value| b["payload"]["voucherSignature"] = json!("0x"), SaCode::InvalidSignature)]
#[case::amount(|b: &mut Value| b["payload"]["cumulativeAmount"] = json!("201"), SaCode::InvalidSignature)]
#[case::past_128_bits(|b: &mut Value| b["payload"]["cumulativeAmount"] = json!("340282366920938463463374607431768211456"), SaCode::InvalidParameter)]
#[case::no_nonce(|b: &mut Value| b["payload"]["nonce"] = Value::Null, SaCode::InvalidParameter)]
#[case::action(|b: &mut Value| b["payload"]["action"] = json!("close"), SaCode::InvalidParameter)]
#[tokio::test]
async fn pays_nothing_out_for_what_was_not_signed(
    #[case] change: fn(&mut Value),
    #[case] code: SaCode,
) {
    let setting = Setting::new().await;
    setting.open().await;
    let mut body = setting.order(Withdrawal::Settle, 200).body(&setting);
    change(&mut body);
    assert_eq!(setting.code(SETTLE, &body).await, code.number());
    setting.stands(OPENED).await;
}

#[tokio::test]
async fn settles_only_more_and_does_not_close_for_it() {
    let setting = Setting::new().await;
    setting.open().await;
    assert_eq!(setting.withdraw(&setting.order(Withdrawal::Settle, 0)).await, 70013);
    assert_eq!(setting.withdraw(&setting.order(Withdrawal::Settle, 200)).await, 0);
    for cumulative in [200, 199] {
        let mut order = setting.order(Withdrawal::Settle, cumulative);
        order.nonce = U256::from(1_000);
        assert_eq!(setting.withdraw(&order).await, 70013);
    }
    let mut body = setting.order(Withdrawal::Settle, 300).body(&setting);
    body["payload"]["action"] = json!("close");
    assert_eq!(setting.code(CLOSE, &body).await, 70004, "settling is not closing");
    setting.stands([-600, 400, 180, 20]).await;
}
