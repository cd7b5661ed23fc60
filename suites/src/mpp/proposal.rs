//! A payer that opens a channel. It does so validly by default; a negative
//! changes one part, and signing comes last.

use alloy::primitives::{Address, B256, TxHash};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall as _;
use conform402_chain::{Channels, EscrowContract, Token};
use conform402_runner::{Bed, Broken, Mounted, Offer, Profile};
use conform402_wire::eip3009::{Receive, TokenDomain};
use conform402_wire::session::channel::{ChannelId, Escrow, Terms};
use conform402_wire::session::voucher::Voucher;
use conform402_wire::session::{Deposit, Opening, SessionPayload, Share, SignedVoucher};
use conform402_wire::{BaseUnits, Challenge};
use serde::Serialize;
use serde_json::{Value, json};

use super::buyer::{self, ours, valid_before};

/// What is deposited, unless a check says otherwise, in base units.
pub const DEPOSIT: u64 = 1_000;

/// Has the target serve an offer it may well refuse.
pub async fn if_served(bed: &Bed, offer: Offer) -> Result<Mounted, Broken> {
    let unserved = |_| Broken::NotApplicable("the target serves no such offer".to_owned());
    bed.try_offer(offer).await?.map_err(unserved)
}

/// A channel that is to be opened, before anything is signed.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The challenge, as it will be echoed.
    pub challenge: Challenge,
    /// Who pays.
    pub source: Option<String>,
    /// What is agreed to.
    pub terms: Terms,
    /// The id, as it is claimed.
    pub channel: ChannelId,
    /// The deposit.
    pub receive: Receive,
    /// The domain it is signed in.
    pub token: TokenDomain,
    /// The escrow, whose domain the voucher is signed in.
    pub escrow: Escrow,
    /// What the first voucher allows.
    pub cumulative: BaseUnits,
    /// Signs the deposit.
    pub key: PrivateKeySigner,
    /// Signs the voucher.
    pub voucher_key: PrivateKeySigner,
    splits: Vec<Share>,
    profile: Option<Profile>,
}

impl Proposal {
    /// A valid opening for `offer`: asks for a challenge and answers it.
    pub async fn of(bed: &Bed, offer: &Mounted) -> Result<Self, Broken> {
        let challenge = buyer::challenge(bed, offer).await?;
        let payer = bed.payer();
        let terms = Terms {
            payer: payer.address(),
            payee: offer.recipient(),
            token: offer.currency(),
            salt: bed.nonce(),
            authorized_signer: Address::ZERO,
        };
        let escrow = *offer.escrow();
        let splits = offer.shares().to_vec();
        let channel = terms.channel_id(&escrow);
        bed.watch_channel(channel);
        let token = offer.token().domain.clone();
        let proposal = Self {
            source: Some(buyer::did(payer, offer.chain_id())),
            channel,
            receive: Receive {
                kind: "eip-3009".to_owned(),
                from: payer.address(),
                to: escrow.contract,
                value: BaseUnits::new(DEPOSIT),
                valid_after: BaseUnits::default(),
                valid_before: BaseUnits::new(valid_before(&challenge)?),
                nonce: B256::ZERO,
            },
            token,
            escrow,
            cumulative: BaseUnits::default(),
            key: payer.key().clone(),
            voucher_key: payer.key().clone(),
            challenge,
            terms,
            splits,
            profile: offer.profile(),
        };
        Ok(proposal.bound())
    }

    /// The authorization bound to the terms, as its dialect does it.
    fn bound(mut self) -> Self {
        self.receive.nonce = match self.profile {
            Some(Profile::Ietf) => self.terms.drafted_open_nonce(),
            _ => self.terms.open_nonce(&self.splits),
        };
        self
    }

    /// The same proposal, changed.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The same proposal, of which others share what is settled, to which the
    /// nonce follows.
    #[must_use]
    pub fn shared(mut self, splits: &[Share]) -> Self {
        self.splits = splits.to_vec();
        self.bound()
    }

    /// The same proposal on other terms, to which id and nonce follow.
    #[must_use]
    pub fn on(mut self, bed: &Bed, change: impl FnOnce(&mut Terms)) -> Self {
        change(&mut self.terms);
        self.channel = self.terms.channel_id(&self.escrow);
        bed.watch_channel(self.channel);
        self.bound()
    }

    /// The credential, signed as it stands, for the facilitator to broadcast.
    pub fn sign(&self) -> Result<Value, Broken> {
        let signature = self.receive.sign(&self.token, &self.key).map_err(ours)?;
        let deposit = Deposit::Transaction { authorization: self.receive.clone(), signature };
        let voucher = self.voucher()?.signature;
        self.credential(SessionPayload::Open {
            opening: self.opening(deposit),
            cumulative_amount: self.cumulative,
            voucher_signature: Some(voucher),
        })
    }

    /// The credential that names a transaction already sent.
    pub fn with_hash(&self, hash: TxHash) -> Result<Value, Broken> {
        let deposit = Deposit::Hash { hash, signature: Some(self.voucher()?.signature) };
        self.credential(SessionPayload::Open {
            opening: self.opening(deposit),
            cumulative_amount: self.cumulative,
            voucher_signature: None,
        })
    }

    /// Opens the channel without anybody's help, and returns the transaction.
    pub async fn broadcast(&self, bed: &Bed) -> Result<TxHash, Broken> {
        let (chain, payer) = (&bed.testbed().chain, bed.payer());
        let amount = self.receive.value.0;
        let approve = Token::approveCall { spender: self.escrow.contract, value: amount };
        chain.transact(payer, self.terms.token, approve.abi_encode()).await?;
        let receipt = chain.transact(payer, self.escrow.contract, self.call()).await?;
        if receipt.status() {
            Ok(receipt.transaction_hash)
        } else {
            Err(Broken::Ours("the payer's own opening reverted".to_owned()))
        }
    }

    /// The payer's own call to the escrow: the draft's knows no splits.
    #[must_use]
    pub fn call(&self) -> Vec<u8> {
        if self.profile == Some(Profile::Ietf) {
            return EscrowContract::open_0Call {
                payee: self.terms.payee,
                token: self.terms.token,
                deposit: self.receive.value.0.to(),
                salt: self.terms.salt,
                authorizedSigner: self.terms.authorized_signer,
            }
            .abi_encode();
        }
        let splits = self.splits.iter();
        EscrowContract::open_1Call {
            payee: self.terms.payee,
            token: self.terms.token,
            deposit: self.receive.value.0.to(),
            salt: self.terms.salt,
            authorizedSigner: self.terms.authorized_signer,
            splits: splits
                .map(|split| Channels::Split { recipient: split.recipient, bps: split.bps })
                .collect(),
        }
        .abi_encode()
    }

    /// The first voucher, signed as it stands.
    pub fn voucher(&self) -> Result<SignedVoucher, Broken> {
        let voucher = Voucher { channel: self.channel, cumulative: self.cumulative };
        voucher.sign(&self.escrow, &self.voucher_key).map_err(ours)
    }

    fn opening(&self, deposit: Deposit) -> Opening {
        let signer = self.terms.authorized_signer;
        Opening {
            channel_id: self.channel,
            salt: self.terms.salt,
            authorized_signer: (!signer.is_zero()).then_some(signer),
            deposit,
        }
    }

    /// The credential that carries a payload.
    pub fn credential(&self, payload: impl Serialize) -> Result<Value, Broken> {
        let payload = serde_json::to_value(payload).map_err(ours)?;
        let mut credential = json!({ "challenge": self.challenge, "payload": payload });
        if let Some(source) = &self.source {
            credential["source"] = json!(source);
        }
        Ok(credential)
    }
}
