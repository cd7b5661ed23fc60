//! Adding to the deposit of an open channel.

use conform402_runner::{Bed, Broken, Offer, Outcome, check};
use conform402_wire::BaseUnits;
use conform402_wire::sa::SaCode;
use serde_json::{Value, json};

use super::judge::managed_only;
use crate::mpp::buyer::{challenge, now};
use crate::mpp::channel::{Addition, Channel};
use crate::mpp::judge::{
    act_refused_for, delivered, managed, not_broken_down, object_mut, withheld,
};
use crate::mpp::proposal::{DEPOSIT, Proposal};

const MORE: u64 = 500;

async fn session(bed: &Bed) -> Result<Channel<'_>, Broken> {
    Channel::open(bed, bed.offer(Offer::session(100)).await?).await
}

/// > topUp | Call SA session/topUp → accumulate local deposit
/// > — OKX Node SDK Reference (seed 002), "Invocation"
#[check(must, control, needs(Session), killed_by(WithholdsPaidContent, ForgetsTopUps))]
async fn more_deposit_allows_more(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    managed(&channel.top_up(MORE).await?)?;
    channel.stands(DEPOSIT + MORE, DEPOSIT + MORE, &[]).await?;
    delivered(&channel.buy(DEPOSIT + 1).await?, &channel.offer)
}

/// > only voucher actually delivers the resource
/// > — OKX Node SDK Reference (seed 002), "Invocation"
#[check(must, needs(Session), killed_by(SellsForATopUp))]
async fn a_top_up_sells_nothing(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    managed_only(&channel.top_up(MORE).await?, &channel.offer)
}

/// > Verify the channel deposit increased by exactly `payload.additionalDeposit`
/// > — draft-evm-session-00, "TopUp Verification"
#[check(must, needs(Session), killed_by(CountsTopUpsTwice, SellsBeyondTheDeposit))]
async fn a_top_up_counts_once(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    managed(&channel.top_up(MORE).await?)?;
    withheld(&channel.buy(DEPOSIT + MORE + 1).await?, &channel.offer)
}

/// > EIP-3009 nonces prevent replay of deposit authorizations at the contract
/// > level.
/// > — draft-evm-session-00, "Replay Prevention"
#[check(
    must,
    needs(Session),
    killed_by(CountsRefusedDeposits, SellsBeyondTheDeposit, CountsTopUpsTwice)
)]
async fn a_top_up_presented_again_adds_nothing(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let payload = Addition::of(&channel, MORE).await?.sign()?;
    managed(&channel.present(&payload).await?)?;
    channel.present(&payload).await?;
    withheld(&channel.buy(DEPOSIT + MORE + 1).await?, &channel.offer)?;
    channel.stands(DEPOSIT + MORE, DEPOSIT + MORE, &[]).await
}

/// > Verify the txHash shows a successful `topUp()` execution on the expected
/// > escrow
/// > — draft-evm-session-00, "TopUp Verification"
#[check(must, needs(SessionHash), killed_by(KnowsNoBroadcastTopUps))]
async fn a_top_up_the_payer_broadcast_counts(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100).fee_payer(false)).await?;
    let channel = Channel::open(bed, offer).await?;
    let addition = Addition::of(&channel, MORE).await?;
    let hash = addition.broadcast(&channel).await?;
    managed(&channel.present(addition.with_hash(hash)).await?)?;
    delivered(&channel.buy(DEPOSIT + 1).await?, &channel.offer)?;
    channel.stands(DEPOSIT + MORE, DEPOSIT + MORE, &[]).await
}

/// > 70003 | source missing / feePayer conflicts with hash mode / txHash reused
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(
    must,
    needs(SessionHash),
    killed_by(
        CountsRefusedDeposits,
        SellsBeyondTheDeposit,
        CountsTopUpsTwice,
        KnowsNoBroadcastTopUps
    )
)]
async fn a_top_up_the_payer_broadcast_counts_once(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100).fee_payer(false)).await?;
    let channel = Channel::open(bed, offer).await?;
    let addition = Addition::of(&channel, MORE).await?;
    let payload = addition.with_hash(addition.broadcast(&channel).await?);
    managed(&channel.present(&payload).await?)?;
    channel.present(&payload).await?;
    withheld(&channel.buy(DEPOSIT + MORE + 1).await?, &channel.offer)
}

/// The deposit that the opening is told to have made holds the top-up already.
///
/// > Server MUST verify `cumulativeAmount <= channel.deposit`.
/// > — draft-evm-session-00, "Deposit Cap"
/// > Verify the channel deposit increased by exactly `payload.additionalDeposit`
/// > — draft-evm-session-00, "TopUp Verification"
#[check(must, needs(SessionHash), killed_by(CountsRefusedDeposits, SellsBeyondTheDeposit))]
async fn a_top_up_before_the_opening_counts_once(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100).fee_payer(false)).await?;
    let proposal = Proposal::of(bed, &offer).await?;
    let opening = proposal.with_hash(proposal.broadcast(bed).await?)?;
    let channel = Channel::of(bed, offer, &proposal);
    let addition = Addition::of(&channel, MORE).await?;
    let payload = addition.with_hash(addition.broadcast(&channel).await?);
    managed(&channel.present_credential(&opening).await?)?;
    // Refused or acknowledged, there is not more in escrow.
    channel.present(payload).await?;
    withheld(&channel.buy(DEPOSIT + MORE + 1).await?, &channel.offer)?;
    channel.stands(DEPOSIT + MORE, DEPOSIT + MORE, &[]).await
}

/// > When `type="hash"`, the credential-level `source` field is REQUIRED
/// > — draft-evm-session-00, "TopUp Payload"
/// > 70003 | source missing / feePayer conflicts with hash mode / txHash reused
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(SessionHash), killed_by(CountsRefusedDeposits, SellsBeyondTheDeposit))]
async fn a_hash_without_a_source_adds_nothing(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100).fee_payer(false)).await?;
    let channel = Channel::open(bed, offer).await?;
    let addition = Addition::of(&channel, MORE).await?;
    let payload = addition.with_hash(addition.broadcast(&channel).await?);
    let challenge = challenge(bed, &channel.offer).await?;
    let mut credential = channel.credential(&json!(challenge), payload)?;
    object_mut(&mut credential)?.remove("source");
    let presented = channel.present_credential(&credential);
    act_refused_for(bed, SaCode::InvalidCredential, presented, &channel.offer).await?;
    withheld(&channel.buy(DEPOSIT + 1).await?, &channel.offer)
}

/// > Verify the channel deposit increased by exactly `payload.additionalDeposit`
/// > — draft-evm-session-00, "TopUp Verification"
#[check(must, needs(SessionHash), killed_by(CountsRefusedDeposits))]
async fn a_top_up_the_payer_broadcast_of_less_is_refused(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100).fee_payer(false)).await?;
    let channel = Channel::open(bed, offer).await?;
    let addition = Addition::of(&channel, MORE).await?;
    let hash = addition.broadcast(&channel).await?;
    let claimed = addition.with(|addition| addition.additional = BaseUnits::new(MORE + 1));
    let presented = channel.present(claimed.with_hash(hash));
    act_refused_for(bed, SaCode::InvalidCredential, presented, &channel.offer).await
}

/// > Verify that this execution affected the specific `payload.channelId`
/// > — draft-evm-session-00, "TopUp Verification"
#[check(must, needs(SessionHash), killed_by(CountsRefusedDeposits))]
async fn a_top_up_of_another_channel_is_refused(bed: &Bed) -> Outcome {
    let offer = bed.offer(Offer::session(100).fee_payer(false)).await?;
    let (other, channel) =
        (Channel::open(bed, offer.clone()).await?, Channel::open(bed, offer).await?);
    let hash = Addition::of(&other, MORE).await?.broadcast(&other).await?;
    let claimed = Addition::of(&channel, MORE).await?;
    let presented = channel.present(claimed.with_hash(hash));
    act_refused_for(bed, SaCode::InvalidCredential, presented, &channel.offer).await
}

async fn refuses(bed: &Bed, code: SaCode, change: impl FnOnce(&mut Addition)) -> Outcome {
    let channel = session(bed).await?;
    let payload = Addition::of(&channel, MORE).await?.with(change).sign()?;
    act_refused_for(bed, code, channel.present(payload), &channel.offer).await?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}

/// > A server MUST reject the credential if the two disagree.
/// > — draft-evm-session-00, "TopUp Payload"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
#[case(less, MORE - 1)]
#[case(more, MORE + 1)]
async fn a_deposit_is_refused_of_which_the_payload_says(bed: &Bed, additional: u64) -> Outcome {
    refuses(bed, SaCode::InvalidCredential, |addition| {
        addition.additional = BaseUnits::new(additional);
    })
    .await
}

/// > Clients MUST use the same derivation when signing.
/// > — draft-evm-session-00, "topUpWithAuthorization"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
async fn a_deposit_bound_to_nothing_is_refused(bed: &Bed) -> Outcome {
    let random = bed.nonce();
    refuses(bed, SaCode::InvalidCredential, |addition| addition.receive.nonce = random).await
}

/// > The `authorization.to` field MUST be the escrow contract address.
/// > — draft-evm-session-00, "Front-Running Protection"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
async fn a_deposit_to_somebody_else_is_refused(bed: &Bed) -> Outcome {
    let stranger = bed.stranger();
    refuses(bed, SaCode::InvalidCredential, |addition| addition.receive.to = stranger).await
}

/// > 70004 | Signature verification failed
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
async fn a_deposit_signed_by_somebody_else_is_refused(bed: &Bed) -> Outcome {
    let stranger = bed.other_payer().await?.key().clone();
    refuses(bed, SaCode::InvalidSignature, |addition| addition.key = stranger).await
}

/// > `validBefore` | string | REQUIRED | Unix timestamp, expires
/// > — draft-evm-session-00, "Open Payload (feePayer: true)"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
async fn an_expired_deposit_is_refused(bed: &Bed) -> Outcome {
    refuses(bed, SaCode::InvalidCredential, |addition| {
        addition.receive.valid_before = BaseUnits::new(now() - 1);
    })
    .await
}

/// > 70010 | channelId does not exist
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(Session), killed_by(TopsUpUnknownChannels))]
async fn a_top_up_of_no_channel_is_refused(bed: &Bed) -> Outcome {
    let mut channel = session(bed).await?;
    let opened = channel.id;
    channel.id.0 = bed.nonce();
    let answer = channel.top_up(MORE).await?;
    withheld(&answer, &channel.offer)?;
    not_broken_down(&answer)?;
    channel.id = opened;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}

/// > 70014 | Channel in CLOSING state
/// > — OKX Node SDK Reference (seed 002), "SA API error code → PaymentError subclass"
#[check(must, needs(Session), killed_by(CountsRefusedDeposits))]
async fn a_channel_the_payer_is_leaving_takes_no_top_up(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    channel.request_close().await?;
    act_refused_for(bed, SaCode::ChannelClosing, channel.top_up(MORE), &channel.offer).await?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}

/// Money of somebody else is welcome, and stays the channel's.
///
/// > On the top-up paths the funding `from` need not equal `channel.payer`
/// > — draft-evm-session-00, "Payer-funded functions"
#[check(may, needs(Session), killed_by(KnowsThePayerOnly))]
async fn somebody_else_may_add(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let friend = bed.other_payer().await?;
    let payload = Addition::of(&channel, MORE).await?.paid_for_by(friend).sign()?;
    managed(&channel.present_as(friend, payload).await?)?;
    delivered(&channel.buy(DEPOSIT + 1).await?, &channel.offer)
}

/// > | 400 Bad Request | Malformed payload or missing fields |
/// > — draft-evm-session-00, "Error Responses"
#[check(must, needs(Session), killed_by(CrashesOnForeignPayloads))]
#[case(no_amount, "additionalDeposit", json!(null))]
#[case(a_negative_amount, "additionalDeposit", json!("-500"))]
#[case(no_salt, "topUpSalt", json!(null))]
#[case(no_authorization, "authorization", json!(null))]
#[case(an_unknown_type, "type", json!("proof"))]
async fn a_payload_is_refused_with(bed: &Bed, member: &str, value: Value) -> Outcome {
    let channel = session(bed).await?;
    let mut payload = json!(Addition::of(&channel, MORE).await?.sign()?);
    payload[member] = value;
    let answer = channel.present(payload).await?;
    withheld(&answer, &channel.offer)?;
    not_broken_down(&answer)?;
    channel.stands(DEPOSIT, DEPOSIT, &[]).await
}
