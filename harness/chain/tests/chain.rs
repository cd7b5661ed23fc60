//! The testbed's chain, against the real anvil.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use alloy::primitives::{Address, B256, I256, U256, keccak256};
use alloy::sol_types::SolCall as _;
use conform402_chain::{
    Account, AnvilBinary, Chain, ChainError, ChainOptions, Channels, EscrowContract, Ledger, Seed,
    Token, Unaccounted,
};
use conform402_wire::BaseUnits;
use conform402_wire::eip3009::Transfer;
use conform402_wire::session::channel::Terms;
use conform402_wire::session::voucher::Voucher;
use rstest::rstest;

async fn start(chain_id: u64) -> Arc<Chain> {
    let anvil = AnvilBinary::find(|notice| println!("{notice}")).await.unwrap();
    Chain::start(&anvil, ChainOptions { chain_id, seed: Seed::default() }).await.unwrap()
}

/// Opens a channel of which each partner gets 15 %.
async fn open(chain: &Chain, payer: &Account, terms: &Terms, deposit: u128, partners: &[Address]) {
    let escrow = chain.escrow().contract;
    let approve = Token::approveCall { spender: escrow, value: U256::from(deposit) };
    let open = EscrowContract::open_1Call {
        payee: terms.payee,
        token: terms.token,
        deposit,
        salt: terms.salt,
        authorizedSigner: terms.authorized_signer,
        splits: partners
            .iter()
            .map(|partner| Channels::Split { recipient: *partner, bps: 1_500 })
            .collect(),
    };
    for (to, input) in [(terms.token, approve.abi_encode()), (escrow, open.abi_encode())] {
        assert!(chain.transact(payer, to, input).await.unwrap().status());
    }
}

#[rstest]
#[case(196)]
#[case(31337)]
#[case(8453)]
#[tokio::test]
async fn an_authorization_signed_with_our_digest_settles(#[case] chain_id: u64) {
    let chain = start(chain_id).await;
    let payer = Account::new(chain.seed().key("payer"));
    let payee = chain.seed().key("payee").address();
    chain.fund(&[payer.address()], BaseUnits::new(1000)).await.unwrap();
    let ledger = Ledger::new(chain.clone());
    ledger.watch("payer", payer.address(), BaseUnits::new(1000));
    ledger.watch("payee", payee, BaseUnits::new(0));

    let transfer = Transfer {
        from: payer.address(),
        to: payee,
        value: BaseUnits::new(100),
        valid_after: 0,
        valid_before: chain.now().await.unwrap() + 600,
        nonce: keccak256("nonce"),
    };
    let signed = transfer.sign(&chain.token().domain, payer.key()).unwrap();
    let call = Token::transferWithAuthorization_0Call {
        from: signed.from,
        to: signed.to,
        value: signed.value.0,
        validAfter: signed.valid_after.0,
        validBefore: signed.valid_before.0,
        nonce: signed.nonce,
        signature: signed.signature,
    };
    let token = chain.token().domain.contract;
    let receipt = chain.transact(chain.relayer(), token, call.abi_encode()).await.unwrap();
    assert!(receipt.status());

    let hundred = I256::try_from(100).unwrap();
    let moved = [(payer.address().into(), -hundred), (payee.into(), hundred)];
    ledger.expect(&moved).await.unwrap().unwrap();
    assert!(ledger.expect(&[]).await.unwrap().is_err());
    let stranger = chain.seed().key("stranger").address().into();
    let unwatched = ledger.expect(&[(stranger, I256::ZERO)]).await;
    assert!(matches!(unwatched, Err(ChainError::Unwatched(holder)) if holder == stranger));
    assert!(chain.nonce_used(payer.address(), transfer.nonce).await.unwrap());
    assert!(!chain.nonce_used(payer.address(), B256::ZERO).await.unwrap());
    let all = [payer.address().into(), payee.into()];
    assert_eq!(Ledger::audit(&chain, &all).await.unwrap(), Ok(()));
    let missed = Unaccounted::WithStrangers(U256::from(100));
    assert_eq!(Ledger::audit(&chain, &all[..1]).await.unwrap(), Err(missed));
}

/// Two shares of 15 % of 10 units are a unit each, and 30 % of them are three:
/// the third waits in escrow, and is accounted for there.
#[tokio::test]
async fn what_rounding_keeps_in_escrow_is_the_channels() {
    let chain = start(196).await;
    let (payer, payee) =
        (Account::new(chain.seed().key("payer")), Account::new(chain.seed().key("payee")));
    let partners = ["one", "another"].map(|label| chain.seed().key(label).address());
    chain.fund(&[payer.address()], BaseUnits::new(100)).await.unwrap();
    let (token, escrow) = (chain.token().domain.contract, *chain.escrow());
    let terms = Terms {
        payer: payer.address(),
        payee: payee.address(),
        token,
        salt: B256::repeat_byte(0x5a),
        authorized_signer: Address::ZERO,
    };
    let id = terms.channel_id(&escrow);
    let ledger = Ledger::new(chain.clone());
    ledger.watch("payer", payer.address(), BaseUnits::new(100));
    ledger.watch("payee", payee.address(), BaseUnits::default());
    ledger.watch("channel", id, BaseUnits::default());
    for partner in partners {
        ledger.watch("split", partner, BaseUnits::default());
    }

    open(&chain, &payer, &terms, 100, &partners).await;
    let voucher = Voucher { channel: id, cumulative: BaseUnits::new(10) };
    let settle = EscrowContract::settleCall {
        channelId: id.0,
        cumulativeAmount: 10,
        signature: voucher.sign(&escrow, payer.key()).unwrap().signature,
    };
    let settled = chain.transact(&payee, escrow.contract, settle.abi_encode()).await.unwrap();
    assert!(settled.status());

    let units = |units: i64| I256::try_from(units).unwrap();
    let moved = [
        (payer.address().into(), units(-100)),
        (payee.address().into(), units(7)),
        (partners[0].into(), units(1)),
        (partners[1].into(), units(1)),
        (id.into(), units(91)),
    ];
    ledger.expect(&moved).await.unwrap().unwrap();
    let all = moved.map(|(holder, _)| holder);
    assert_eq!(Ledger::audit(&chain, &all).await.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_reverting_transaction_is_mined_and_a_gapped_one_is_not() {
    let chain = start(196).await;
    let poor = Account::new(chain.seed().key("poor"));
    let token = chain.token().domain.contract;
    let call = Token::transferCall { to: Address::repeat_byte(1), value: U256::from(1) };
    let pending = chain.leave_pending(&poor, token, call.abi_encode()).await.unwrap();
    assert!(chain.receipt(pending).await.unwrap().is_none());
    let mined = chain.transact(&poor, token, call.abi_encode()).await.unwrap();
    assert!(!mined.status());
}

#[tokio::test]
async fn time_travels_for_blocks_and_calls_alike() {
    let chain = start(196).await;
    let before = chain.now().await.unwrap();
    chain.travel(3600).await.unwrap();
    assert!(chain.now().await.unwrap() >= before + 3600);
}

#[test]
fn a_seed_determines_its_keys() {
    assert_eq!(Seed(1).key("payer"), Seed(1).key("payer"));
    assert_ne!(Seed(1).key("payer"), Seed(2).key("payer"));
    assert_ne!(Seed(1).key("payer"), Seed(1).key("payee"));
}

#[tokio::test]
async fn a_reorganisation_undoes_what_can_be_sent_again() {
    let chain = start(196).await;
    let holder = Account::new(chain.seed().key("holder"));
    let friend = chain.seed().key("friend").address();
    chain.fund(&[holder.address()], BaseUnits::new(1000)).await.unwrap();
    let ledger = Ledger::new(chain.clone());
    ledger.watch("holder", holder.address(), BaseUnits::new(1000));
    ledger.watch("friend", friend, BaseUnits::new(0));
    let give = |value: u64| Token::transferCall { to: friend, value: U256::from(value) };
    let token = chain.token().domain.contract;
    chain.transact(&holder, token, give(100).abi_encode()).await.unwrap();
    let given = chain.transact(&holder, token, give(10).abi_encode()).await.unwrap();
    let moved = |units: i64| {
        let units = I256::try_from(units).unwrap();
        [(holder.address().into(), -units), (friend.into(), units)]
    };

    let undone = chain.reorganize(1).await.unwrap();
    assert_eq!(undone.len(), 1, "one block had one transaction");
    assert_eq!(chain.receipt(given.transaction_hash).await.unwrap(), None);
    assert_eq!(ledger.expect(&moved(100)).await.unwrap(), Ok(()));

    chain.send_again(&undone).await.unwrap();
    assert!(chain.receipt(given.transaction_hash).await.unwrap().is_some());
    assert_eq!(ledger.expect(&moved(110)).await.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_wallet_signs_by_its_owners_key() {
    let chain = start(196).await;
    let (owner, stranger) = (chain.seed().key("owner"), chain.seed().key("stranger"));
    let wallet = chain.smart_wallet(owner.address()).await.unwrap();
    let payer = Account::new(chain.seed().key("payer"));
    let payee = Account::new(chain.seed().key("payee"));
    chain.fund(&[payer.address()], BaseUnits::new(1000)).await.unwrap();
    let terms = Terms {
        payer: payer.address(),
        payee: payee.address(),
        token: chain.token().domain.contract,
        salt: B256::repeat_byte(7),
        authorized_signer: wallet,
    };
    let escrow = *chain.escrow();
    open(&chain, &payer, &terms, 1000, &[]).await;
    let voucher = Voucher { channel: terms.channel_id(&escrow), cumulative: BaseUnits::new(100) };
    for (key, settles) in [(stranger, false), (owner, true)] {
        let signed = voucher.sign(&escrow, &key).unwrap();
        let settle = EscrowContract::settleCall {
            channelId: voucher.channel.0,
            cumulativeAmount: 100,
            signature: signed.signature,
        };
        let settled = chain.transact(&payee, escrow.contract, settle.abi_encode()).await.unwrap();
        assert_eq!(settled.status(), settles);
    }
}
