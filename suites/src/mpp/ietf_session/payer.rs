//! A payer that follows the draft. What it has in common with the payers of
//! other dialects is theirs: terms, channels, vouchers, transactions.

use alloy::primitives::{Address, B256, Bytes, TxHash, U256};
use alloy::sol_types::SolCall as _;
use conform402_chain::{Account, EscrowContract, Token};
use conform402_runner::{Answer, Bed, Broken, Mounted, Offer, Outcome, Request};
use conform402_wire::session::SignedVoucher;
use conform402_wire::session::ietf::{
    Funding, MergedDeposit, OpenWitness, Opening, Permit, PermitDomain, SessionPayload,
    TokenPermissions, TopUp, TopUpWitness, VoucherUpdate, Witness,
};
use conform402_wire::{BaseUnits, credential};
use serde_json::Value;

use crate::mpp::buyer::{self, ours};
use crate::mpp::channel::{Addition, Channel};
use crate::mpp::judge::managed;
use crate::mpp::proposal::Proposal;

/// A channel the payer opened by itself, and the seller took.
pub async fn open(bed: &Bed, offer: Offer) -> Result<Channel<'_>, Broken> {
    let offer = bed.offer(offer).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    opened_by(bed, offer, &proposal).await
}

/// The channel of `proposal`, which the payer opens by itself, and the seller
/// takes.
pub async fn opened_by<'a>(
    bed: &'a Bed,
    offer: Mounted,
    proposal: &Proposal,
) -> Result<Channel<'a>, Broken> {
    let hash = proposal.broadcast(bed).await?;
    managed(&buyer::present(bed, &offer, &proposal.with_hash(hash)?).await?)?;
    Ok(Channel::of(bed, offer, proposal))
}

/// The credential that opens by the payer's EIP-3009 signature.
pub fn authorizing(proposal: &Proposal) -> Result<Value, Broken> {
    proposal.credential(opening(proposal, authorization(proposal)?)?)
}

fn authorization(proposal: &Proposal) -> Result<Funding<OpenWitness>, Broken> {
    let receive = &proposal.receive;
    let signature = receive.sign(&proposal.token, &proposal.key).map_err(ours)?;
    Ok(Funding::Authorization { authorization: receive.into(), signature })
}

/// The payload that opens.
pub fn opening(
    proposal: &Proposal,
    funding: Funding<OpenWitness>,
) -> Result<SessionPayload, Broken> {
    let signer = proposal.terms.authorized_signer;
    Ok(SessionPayload::Open(Opening {
        channel_id: proposal.channel,
        salt: proposal.terms.salt,
        authorized_signer: (!signer.is_zero()).then_some(signer),
        cumulative_amount: proposal.cumulative,
        voucher_signature: Some(proposal.voucher()?.signature),
        funding,
    }))
}

/// The credential that opens by the payer's Permit2 signature.
pub fn permitting(bed: &Bed, proposal: &Proposal) -> Result<Value, Broken> {
    let permit = permit(bed, proposal);
    let signature = sign(bed, proposal, &permit)?;
    proposal.credential(opening(proposal, Funding::Permit2 { authorization: permit, signature })?)
}

/// A valid permit for an opening, before it is signed.
pub fn permit(bed: &Bed, proposal: &Proposal) -> Permit<OpenWitness> {
    let terms = proposal.terms;
    Permit {
        from: terms.payer,
        permitted: TokenPermissions { token: terms.token, amount: proposal.receive.value },
        nonce: number(bed.nonce()),
        deadline: proposal.receive.valid_before,
        witness: OpenWitness {
            payee: terms.payee,
            salt: terms.salt,
            authorized_signer: terms.authorized_signer,
        },
    }
}

/// Signs a permit as the payer of a proposal.
pub fn sign<W: Witness>(
    bed: &Bed,
    proposal: &Proposal,
    permit: &Permit<W>,
) -> Result<Bytes, Broken> {
    permit.sign(&domain(bed, proposal.escrow.contract), &proposal.key).map_err(ours)
}

fn domain(bed: &Bed, spender: Address) -> PermitDomain {
    let chain = &bed.testbed().chain;
    PermitDomain { permit2: chain.permit2(), chain_id: chain.chain_id(), spender }
}

fn number(word: B256) -> BaseUnits {
    BaseUnits(U256::from_be_bytes(word.0))
}

/// Lets Permit2 have the payer's tokens, as payers do once.
pub async fn approve_permit2(bed: &Bed) -> Outcome {
    let chain = &bed.testbed().chain;
    let approve = Token::approveCall { spender: chain.permit2(), value: U256::MAX };
    let token = chain.token().domain.contract;
    chain.transact(bed.payer(), token, approve.abi_encode()).await?;
    Ok(())
}

/// The payload that adds by the payer's EIP-3009 signature.
pub fn authorized(addition: &Addition) -> Result<SessionPayload, Broken> {
    Ok(topping_up(addition, Some(addition.salt), authorized_funding(addition)?))
}

fn authorized_funding(addition: &Addition) -> Result<Funding<TopUpWitness>, Broken> {
    let signature = addition.receive.sign(&addition.token, &addition.key).map_err(ours)?;
    Ok(Funding::Authorization { authorization: (&addition.receive).into(), signature })
}

/// The payload that adds by the payer's Permit2 signature.
pub fn permitted(bed: &Bed, addition: &Addition) -> Result<SessionPayload, Broken> {
    let permit = permit_of(bed, addition);
    let signature = permit.sign(&domain(bed, addition.receive.to), &addition.key).map_err(ours)?;
    Ok(topping_up(addition, None, Funding::Permit2 { authorization: permit, signature }))
}

/// The payload that adds by a permit whose witness was changed after it was
/// signed.
pub fn permitted_with_another_witness(
    bed: &Bed,
    addition: &Addition,
    witness: TopUpWitness,
) -> Result<SessionPayload, Broken> {
    let permit = permit_of(bed, addition);
    let signature = permit.sign(&domain(bed, addition.receive.to), &addition.key).map_err(ours)?;
    let authorization = Permit { witness, ..permit };
    Ok(topping_up(addition, None, Funding::Permit2 { authorization, signature }))
}

fn permit_of(bed: &Bed, addition: &Addition) -> Permit<TopUpWitness> {
    Permit {
        from: addition.receive.from,
        permitted: TokenPermissions {
            token: addition.token.contract,
            amount: addition.receive.value,
        },
        nonce: number(bed.nonce()),
        deadline: addition.receive.valid_before,
        witness: TopUpWitness { channel_id: addition.channel },
    }
}

/// The payload that names a transaction already sent.
#[must_use]
pub fn broadcast(addition: &Addition, hash: TxHash) -> SessionPayload {
    topping_up(addition, None, Funding::Hash { hash, signature: None })
}

fn topping_up(
    addition: &Addition,
    salt: Option<B256>,
    funding: Funding<TopUpWitness>,
) -> SessionPayload {
    SessionPayload::TopUp(TopUp {
        channel_id: addition.channel,
        salt,
        additional_deposit: addition.additional,
        funding,
    })
}

/// A voucher that brings a top-up along.
pub fn with_top_up(voucher: SignedVoucher, addition: &Addition) -> Result<SessionPayload, Broken> {
    let deposit =
        MergedDeposit::TopUp { salt: Some(addition.salt), funding: authorized_funding(addition)? };
    Ok(SessionPayload::Voucher(VoucherUpdate { voucher, deposit: Some(deposit) }))
}

/// A voucher that brings an opening along.
pub fn with_opening(proposal: &Proposal) -> Result<SessionPayload, Broken> {
    let signer = proposal.terms.authorized_signer;
    let deposit = MergedDeposit::Open {
        salt: proposal.terms.salt,
        authorized_signer: (!signer.is_zero()).then_some(signer),
        funding: authorization(proposal)?,
    };
    let voucher = proposal.voucher()?;
    Ok(SessionPayload::Voucher(VoucherUpdate { voucher, deposit: Some(deposit) }))
}

/// Submits a voucher and asks for nothing.
pub async fn update(
    bed: &Bed,
    channel: &Channel<'_>,
    credential: &Value,
) -> Result<Answer, Broken> {
    let field = credential::to_field(credential);
    let request = Request::to(&channel.offer).method("HEAD").header("authorization", field);
    bed.send(request).await
}

/// Allows so much in all while nothing is asked for. The draft lets payers do so by
/// HEAD, and does not say that sellers must know it.
pub async fn allow_apart(bed: &Bed, channel: &Channel<'_>, cumulative: u64) -> Outcome {
    let answer = allow(bed, channel, cumulative).await?;
    match answer.status {
        404 | 405 | 501 => {
            let reason = format!("a voucher by HEAD is answered {}", answer.status);
            Err(Broken::NotApplicable(reason))
        }
        _ => managed(&answer),
    }
}

/// Has the payee end a channel by a call of its own, which its seller does not
/// hear of.
pub async fn ended_elsewhere(bed: &Bed, channel: &Channel<'_>) -> Outcome {
    let close = EscrowContract::closeCall {
        channelId: channel.id.0,
        cumulativeAmount: 0,
        signature: channel.signed(0)?.signature,
    };
    let payee = Account::new(channel.offer.payee_key().clone());
    let chain = &bed.testbed().chain;
    chain.transact(&payee, channel.escrow.contract, close.abi_encode()).await?;
    Ok(())
}

/// Submits a valid voucher for so much in all, and asks for nothing.
pub async fn allow(bed: &Bed, channel: &Channel<'_>, cumulative: u64) -> Result<Answer, Broken> {
    update(bed, channel, &channel.paying(cumulative).await?).await
}
