//! What a seller forwards of a session, and what it asks itself, before it is
//! signed.

use alloy::primitives::{Address, B256, TxHash, U256};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use conform402_chain::{Channels, EscrowContract, Ledger, Token};
use conform402_wire::BaseUnits;
use conform402_wire::did::DidPkh;
use conform402_wire::eip3009::Receive;
use conform402_wire::sa::request::{CLOSE, OPEN, SETTLE, STATUS, Withdrawal};
use conform402_wire::sa::session::SignedWithdrawal;
use conform402_wire::session::channel::{ChannelId, Escrow, Terms, top_up_nonce};
use conform402_wire::session::voucher::{PayeeAuthorization, Voucher};
use conform402_wire::session::{
    Deposit, INTENT, MethodDetails, Opening, SessionRequest, Share, TopUp,
};
use serde_json::{Value, json};

use super::{FUNDS, Setting, delta};

pub const DEPOSIT: u64 = 600;

impl Setting {
    pub fn stranger(&self) -> PrivateKeySigner {
        self.chain.seed().key("stranger")
    }

    pub fn source(&self, address: Address) -> String {
        DidPkh { chain_id: 196, address }.to_string()
    }

    /// A deposit of the payer's that nothing is bound to yet.
    pub fn money(&self, units: u64) -> Money {
        let receive = Receive {
            kind: "eip-3009".into(),
            from: self.payer.address(),
            to: self.chain.escrow().contract,
            value: BaseUnits::new(units),
            valid_after: BaseUnits::default(),
            valid_before: BaseUnits::new(u64::from(u32::MAX)),
            nonce: B256::ZERO,
        };
        let source = self.source(self.payer.address());
        Money { receive, key: self.payer.key().clone(), hash: None, source }
    }

    /// An opening of [`DEPOSIT`], of which a partner gets a tenth.
    pub fn proposal(&self) -> Proposal {
        let terms = Terms {
            payer: self.payer.address(),
            payee: self.payee.address(),
            token: self.chain.token().domain.contract,
            salt: B256::repeat_byte(0x5a),
            authorized_signer: Address::ZERO,
        };
        let request = SessionRequest {
            amount: BaseUnits::new(100),
            currency: terms.token,
            recipient: terms.payee,
            unit_type: None,
            suggested_deposit: None,
            description: None,
            external_id: None,
            method_details: MethodDetails {
                chain_id: 196,
                escrow_contract: self.chain.escrow().contract,
                channel_id: None,
                min_voucher_delta: None,
                fee_payer: None,
                splits: vec![Share { recipient: self.partner, bps: 1_000, memo: None }],
                credential_types: Vec::new(),
                permit2_contract: None,
            },
        };
        let (escrow, money) = (*self.chain.escrow(), self.money(DEPOSIT));
        Proposal { request, terms, escrow, channel: ChannelId::default(), money }.bound()
    }

    /// A top-up of 50.
    pub fn addition(&self) -> Addition {
        let channel = self.proposal().channel;
        let (salt, units) = (B256::repeat_byte(0x22), BaseUnits::new(50));
        Addition { channel, salt, units, money: self.money(50) }.bound()
    }

    pub fn order(&self, withdrawal: Withdrawal, cumulative: u64) -> Order {
        Order {
            withdrawal,
            channel: self.proposal().channel,
            cumulative: BaseUnits::new(cumulative),
            nonce: U256::from(cumulative),
            deadline: U256::MAX,
            signer: self.payer.key().clone(),
            payee: self.payee.clone(),
        }
    }

    pub async fn open(&self) {
        let answer = self.ask(OPEN, &self.proposal().body(self)).await;
        assert_eq!(answer["code"], 0, "{answer}");
    }

    pub async fn withdraw(&self, order: &Order) -> i64 {
        self.code(order.path(), &order.body(self)).await
    }

    pub async fn status(&self) -> Value {
        self.get(&format!("{STATUS}?channelId={}", self.proposal().channel)).await["data"].take()
    }

    /// The payer's own transaction; returns its hash.
    pub async fn send(&self, to: Address, call: impl SolCall) -> TxHash {
        let receipt = self.chain.transact(&self.payer, to, call.abi_encode()).await.unwrap();
        assert!(receipt.status());
        receipt.transaction_hash
    }

    pub async fn call(&self, call: impl SolCall) -> TxHash {
        self.send(self.chain.escrow().contract, call).await
    }

    pub async fn approve(&self, spender: Address) {
        let call = Token::approveCall { spender, value: U256::from(FUNDS) };
        self.send(self.chain.token().domain.contract, call).await;
    }

    pub async fn request_close(&self) {
        self.call(EscrowContract::requestCloseCall { channelId: self.proposal().channel.0 }).await;
    }

    /// What the payer, the channel, the payee and the partner have more than at
    /// first, and nobody else.
    pub async fn stands(&self, moved: [i64; 4]) {
        self.stands_with(self.proposal().channel, moved).await;
    }

    /// The same with another channel.
    pub async fn stands_with(&self, channel: ChannelId, moved: [i64; 4]) {
        let holders = [
            self.payer.address().into(),
            channel.into(),
            self.payee.address().into(),
            self.partner.into(),
        ];
        let ledger = self.ledger();
        ledger.watch("channel", channel, BaseUnits::default());
        let moved: Vec<_> = holders.into_iter().zip(moved.map(delta)).collect();
        ledger.expect(&moved).await.unwrap().unwrap();
        Ledger::audit(&self.chain, &ledger.holders()).await.unwrap().unwrap();
    }
}

/// A deposit, before it is signed or after it was broadcast.
pub struct Money {
    pub receive: Receive,
    pub key: PrivateKeySigner,
    pub hash: Option<TxHash>,
    pub source: String,
}

impl Money {
    pub fn deposit(&self, setting: &Setting) -> Deposit {
        if let Some(hash) = self.hash {
            return Deposit::Hash { hash, signature: None };
        }
        let domain = &setting.chain.token().domain;
        let signature = self.receive.sign(domain, &self.key).unwrap();
        Deposit::Transaction { authorization: self.receive.clone(), signature }
    }
}

pub struct Proposal {
    pub request: SessionRequest,
    pub terms: Terms,
    pub escrow: Escrow,
    pub channel: ChannelId,
    pub money: Money,
}

impl Proposal {
    /// Has id and nonce follow from the terms and the splits.
    pub fn bound(mut self) -> Self {
        self.channel = self.terms.channel_id(&self.escrow);
        self.money.receive.nonce = self.terms.open_nonce(&self.request.method_details.splits);
        self
    }

    /// The same in another escrow.
    pub fn in_escrow(mut self, escrow: &Escrow) -> Self {
        self.request.method_details.escrow_contract = escrow.contract;
        self.money.receive.to = escrow.contract;
        self.escrow = *escrow;
        self.bound()
    }

    pub fn share(&mut self, bps: &[u16]) {
        let share = |bps: &u16| Share { recipient: Address::ZERO, bps: *bps, memo: None };
        self.request.method_details.splits = bps.iter().map(share).collect();
    }

    pub fn body(&self, setting: &Setting) -> Value {
        let signer = self.terms.authorized_signer;
        let mut payload = json!(Opening {
            channel_id: self.channel,
            salt: self.terms.salt,
            authorized_signer: (!signer.is_zero()).then_some(signer),
            deposit: self.money.deposit(setting),
        });
        payload["action"] = json!("open");
        let mut body = setting.body(INTENT, &self.request, &payload);
        body["source"] = json!(self.money.source);
        body
    }

    pub fn call(&self) -> EscrowContract::open_1Call {
        let splits = self.request.method_details.splits.iter();
        EscrowContract::open_1Call {
            payee: self.terms.payee,
            token: self.terms.token,
            deposit: self.money.receive.value.0.to(),
            salt: self.terms.salt,
            authorizedSigner: self.terms.authorized_signer,
            splits: splits
                .map(|share| Channels::Split { recipient: share.recipient, bps: share.bps })
                .collect(),
        }
    }

    /// The same, opened by the payer itself.
    pub async fn broadcast(mut self, setting: &Setting) -> Self {
        setting.approve(self.escrow.contract).await;
        self.money.hash = Some(setting.send(self.escrow.contract, self.call()).await);
        self
    }
}

pub struct Addition {
    pub channel: ChannelId,
    pub salt: B256,
    pub units: BaseUnits,
    pub money: Money,
}

impl Addition {
    /// Has the nonce follow.
    pub fn bound(mut self) -> Self {
        let receive = &mut self.money.receive;
        receive.nonce = top_up_nonce(self.channel, self.units, receive.from, self.salt);
        self
    }

    pub fn body(&self, setting: &Setting) -> Value {
        let mut payload = json!(TopUp {
            channel_id: self.channel,
            top_up_salt: self.salt,
            additional_deposit: self.units,
            deposit: self.money.deposit(setting),
        });
        payload["action"] = json!("topUp");
        let mut body = setting.body(INTENT, &setting.proposal().request, &payload);
        body["source"] = json!(self.money.source);
        body
    }

    /// The same, added by the payer itself.
    pub async fn broadcast(mut self, setting: &Setting) -> Self {
        setting.approve(setting.chain.escrow().contract).await;
        let additional = self.units.0.to();
        let call =
            EscrowContract::topUpCall { channelId: self.channel.0, additionalDeposit: additional };
        self.money.hash = Some(setting.call(call).await);
        self
    }
}

/// What a merchant asks to be paid out, before it is signed.
pub struct Order {
    pub withdrawal: Withdrawal,
    pub channel: ChannelId,
    pub cumulative: BaseUnits,
    pub nonce: U256,
    pub deadline: U256,
    pub signer: PrivateKeySigner,
    pub payee: PrivateKeySigner,
}

impl Order {
    pub fn path(&self) -> &'static str {
        match self.withdrawal {
            Withdrawal::Settle => SETTLE,
            Withdrawal::Close => CLOSE,
        }
    }

    pub fn body(&self, setting: &Setting) -> Value {
        let escrow = setting.chain.escrow();
        let voucher = Voucher { channel: self.channel, cumulative: self.cumulative };
        let authorization = PayeeAuthorization {
            withdrawal: self.withdrawal,
            voucher,
            nonce: self.nonce,
            deadline: self.deadline,
        };
        let mut payload = json!(SignedWithdrawal {
            channel_id: self.channel,
            cumulative_amount: self.cumulative,
            voucher_signature: voucher.sign(escrow, &self.signer).unwrap().signature,
            payee_signature: authorization.sign(escrow, &self.payee).unwrap(),
            nonce: BaseUnits(self.nonce),
            deadline: BaseUnits(self.deadline),
        });
        payload["action"] = json!(match self.withdrawal {
            Withdrawal::Settle => "settle",
            Withdrawal::Close => "close",
        });
        json!({ "payload": payload })
    }
}
