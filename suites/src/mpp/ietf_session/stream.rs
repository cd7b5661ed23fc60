//! Streaming what is sold: a stream stops where vouchers end, asks for more, and
//! goes on when they come.

use conform402_runner::{Bed, Broken, Event, EventStream, Offer, Outcome, Request, check};
use conform402_wire::session::ietf::{NEED_VOUCHER, NeedVoucher, RECEIPT};
use conform402_wire::{BaseUnits, credential, receipt};
use serde_json::Value;

use super::judge::receipt_json;
use super::payer;
use crate::mpp::channel::{Addition, Channel};
use crate::mpp::judge::{broken, managed};
use crate::mpp::proposal::DEPOSIT;

/// Units a request streams, at a price of 100 each.
const UNITS: u64 = 5;

async fn session(bed: &Bed) -> Result<Channel<'_>, Broken> {
    payer::open(bed, Offer::ietf_session(100).streaming(UNITS)).await
}

/// A stream that was paid for by a voucher of so much in all.
async fn streamed<'a>(
    bed: &'a Bed,
    channel: &Channel<'_>,
    cumulative: u64,
) -> Result<EventStream<'a>, Broken> {
    let credential = channel.paying(cumulative).await?;
    let field = credential::to_field(&credential);
    bed.stream(Request::to(&channel.offer).header("authorization", field)).await
}

/// What came up to the next event that is no content.
struct Run {
    units: u64,
    event: Option<Event>,
}

impl Run {
    async fn of(stream: &mut EventStream<'_>, channel: &Channel<'_>) -> Result<Self, Broken> {
        let mut units = 0;
        while let Some(event) = stream.next().await? {
            match event.name.as_str() {
                "message" if event.data.contains(channel.offer.content()) => units += 1,
                _ => return Ok(Self { units, event: Some(event) }),
            }
        }
        Ok(Self { units, event: None })
    }

    /// So many units came, and then a demand for a voucher.
    fn ran_dry(&self, units: u64) -> Result<&Event, Broken> {
        self.brought(units)?;
        self.event_named(NEED_VOUCHER)
    }

    /// So many units came, and then the receipt.
    fn ended(&self, units: u64) -> Result<Value, Broken> {
        self.brought(units)?;
        let event = self.event_named(RECEIPT)?;
        serde_json::from_str(&event.data)
            .map_err(|error| Broken::promise(format!("{RECEIPT}: {error}")))
    }

    fn brought(&self, units: u64) -> Outcome {
        if self.units == units {
            return Ok(());
        }
        broken(format!("{} units were streamed instead of {units}", self.units))
    }

    fn event_named(&self, name: &str) -> Result<&Event, Broken> {
        match &self.event {
            Some(event) if event.name == name => Ok(event),
            Some(event) => Err(Broken::promise(format!("the event {:?} came", event.name))),
            None => Err(Broken::promise(format!("the stream ended without {name}"))),
        }
    }
}

/// > For streaming responses (SSE), servers MUST include the receipt in the
/// > initial response headers AND as a final SSE event
/// > — draft-evm-session-00, "Receipt Generation"
#[check(must, control, profile(Ietf), needs(IetfSessionStream), killed_by(EndsStreamsInSilence))]
async fn a_stream_ends_with_a_receipt(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let mut stream = streamed(bed, &channel, 100 * UNITS).await?;
    Run::of(&mut stream, &channel).await?.ended(UNITS).map(drop)
}

/// > For streaming responses (SSE), servers MUST include the receipt in the
/// > initial response headers AND as a final SSE event
/// > — draft-evm-session-00, "Receipt Generation"
#[check(must, profile(Ietf), needs(IetfSessionStream), killed_by(AcknowledgesNothing))]
async fn a_stream_begins_with_a_receipt(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let stream = streamed(bed, &channel, 100 * UNITS).await?;
    receipt_json(stream.answer()).map(drop)
}

/// > `spent` | uint128 | Cumulative amount charged for delivered service
/// > — draft-evm-session-00, "Server-Side Accounting"
#[check(
    must,
    profile(Ietf),
    needs(IetfSessionStream),
    killed_by(StreamsForNothing, TellsNoBalance)
)]
async fn what_is_streamed_is_charged(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let mut stream = streamed(bed, &channel, 100 * UNITS).await?;
    let receipt = Run::of(&mut stream, &channel).await?.ended(UNITS)?;
    let spent = &receipt["spent"];
    if spent.as_str() == Some("500") {
        return Ok(());
    }
    broken(format!("{spent} is spent on {UNITS} units of 100"))
}

/// > Server MUST emit a `payment-need-voucher` SSE event
/// > — draft-evm-session-00, "Insufficient Balance During Streaming"
#[check(
    must,
    profile(Ietf),
    needs(IetfSessionStream),
    killed_by(RunsDryInSilence, AsksForTheWrongVoucher, HidesTheDeposit, StreamsForNothing)
)]
async fn a_stream_that_runs_dry_asks_for_a_voucher(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let mut stream = streamed(bed, &channel, 250).await?;
    let run = Run::of(&mut stream, &channel).await?;
    let need: NeedVoucher = serde_json::from_str(&run.ran_dry(2)?.data)
        .map_err(|error| Broken::promise(format!("{NEED_VOUCHER}: {error}")))?;
    let told = (need.channel_id, need.required_cumulative, need.accepted_cumulative, need.deposit);
    let units = BaseUnits::new;
    let expected = (channel.id, units(300), units(250), units(DEPOSIT));
    if told == expected {
        return Ok(());
    }
    broken(format!("the stream asks for {told:?} instead of {expected:?}"))
}

/// A stream gets a voucher over another connection, for one unit, and brings
/// one unit.
///
/// > Server MUST stop delivering additional metered content
/// > — draft-evm-session-00, "Insufficient Balance During Streaming"
/// > Voucher updates MAY arrive on separate HTTP connections (including HTTP/2
/// > streams) and MUST be processed atomically with respect to balance updates.
/// > — draft-evm-session-00, "Concurrency Model"
#[check(
    must,
    profile(Ietf),
    needs(IetfSessionStream),
    killed_by(StreamsOnWithoutVouchers, RunsDryInSilence, StreamsForNothing, ChargesForAHead)
)]
async fn a_stream_goes_on_as_far_as_vouchers_allow(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let mut stream = streamed(bed, &channel, 100).await?;
    Run::of(&mut stream, &channel).await?.ran_dry(1)?;
    for allowed in [200, 300] {
        payer::allow_apart(bed, &channel, allowed).await?;
        Run::of(&mut stream, &channel).await?.ran_dry(1)?;
    }
    payer::allow_apart(bed, &channel, 500).await?;
    Run::of(&mut stream, &channel).await?.ended(2).map(drop)
}

/// > When `requiredCumulative > deposit`, the client MUST submit a `topUp` before
/// > sending a new voucher.
/// > — draft-evm-session-00, "Insufficient Balance During Streaming"
#[check(
    must,
    profile(Ietf),
    needs(IetfSessionStream),
    killed_by(RunsDryInSilence, ForgetsBroadcastTopUps, StreamsForNothing, ChargesForAHead)
)]
async fn a_stream_goes_on_after_a_top_up(bed: &Bed) -> Outcome {
    let offer = Offer::ietf_session(400).streaming(3);
    let channel = payer::open(bed, offer).await?;
    let mut stream = streamed(bed, &channel, 900).await?;
    Run::of(&mut stream, &channel).await?.ran_dry(2)?;
    let addition = Addition::of(&channel, 300).await?;
    let hash = addition.broadcast(&channel).await?;
    managed(&channel.present(payer::broadcast(&addition, hash)).await?)?;
    payer::allow_apart(bed, &channel, 1_200).await?;
    Run::of(&mut stream, &channel).await?.ended(1).map(drop)
}

/// > When a client sends a new streaming request on a channel that already has an
/// > active session, servers SHOULD terminate the previous session and start a
/// > new one.
/// > — draft-evm-session-00, "Concurrency Model"
#[check(
    should,
    profile(Ietf),
    needs(IetfSessionStream),
    killed_by(StreamsTwiceAtOnce, RunsDryInSilence, StreamsForNothing, StreamsOnWithoutVouchers)
)]
async fn a_new_stream_ends_the_one_before(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let mut first = streamed(bed, &channel, 100).await?;
    Run::of(&mut first, &channel).await?.ran_dry(1)?;
    let mut second = streamed(bed, &channel, 600).await?;
    Run::of(&mut second, &channel).await?.ended(UNITS)?;
    Run::of(&mut first, &channel).await?.ended(0).map(drop)
}

/// > For streaming responses (SSE), servers MUST include the receipt in the
/// > initial response headers AND as a final SSE event
/// > — draft-evm-session-00, "Receipt Generation"
#[check(
    must,
    profile(Ietf),
    needs(IetfSessionStream),
    killed_by(
        StreamsOnWithoutVouchers,
        DropsStreamsAtAClosing,
        RunsDryInSilence,
        StreamsForNothing,
        ClosesNothingAtAll
    )
)]
async fn a_stream_whose_channel_is_closed_ends_with_a_receipt(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let mut stream = streamed(bed, &channel, 200).await?;
    Run::of(&mut stream, &channel).await?.ran_dry(2)?;
    managed(&channel.close(200).await?)?;
    match Run::of(&mut stream, &channel).await {
        // It may hold the stream until nobody listens.
        Err(Broken::Late(reason)) => return Err(Broken::NotApplicable(reason)),
        run => run?.ended(0)?,
    };
    channel.stands(200, 0, &[(channel.payee(), 200)]).await
}

/// Closing pays what was streamed, to the unit.
///
/// > Persist `spent` increments BEFORE delivering service
/// > — draft-evm-session-00, "Crash Safety"
#[check(must, profile(Ietf), needs(IetfSessionStream), killed_by(ClosesNothingAtAll))]
async fn what_was_streamed_is_paid_at_the_closing(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let mut stream = streamed(bed, &channel, 100 * UNITS).await?;
    Run::of(&mut stream, &channel).await?.ended(UNITS)?;
    managed(&channel.close(100 * UNITS).await?)?;
    channel.stands(100 * UNITS, 0, &[(channel.payee(), 100 * UNITS)]).await
}

/// > Server MUST stop delivering additional metered content
/// > — draft-evm-session-00, "Insufficient Balance During Streaming"
#[check(
    must,
    profile(Ietf),
    needs(IetfSessionStream),
    killed_by(StreamsOnCredit, RunsDryInSilence)
)]
async fn a_stream_that_was_not_paid_for_does_not_begin(bed: &Bed) -> Outcome {
    let channel = session(bed).await?;
    let credential = channel.paying(0).await?;
    let field = credential::to_field(&credential);
    let mut stream = bed.stream(Request::to(&channel.offer).header("authorization", field)).await?;
    if stream.answer().status >= 400 {
        return match stream.answer().header(receipt::HEADER) {
            None => Ok(()),
            Some(_) => broken("a refusal carries a receipt"),
        };
    }
    Run::of(&mut stream, &channel).await?.ran_dry(0).map(drop)
}
