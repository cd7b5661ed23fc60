//! One round: every channel sends its vouchers one after the other, and all
//! channels at once, each over a connection of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::LoadError;
use crate::bed::Request;
use crate::http::{Answer, Client, NoAnswer};
use crate::run::RunError;
use crate::verdict::{Broken, Outcome};

/// What a round showed.
#[derive(Debug)]
pub(super) struct Round {
    /// From the first request measured to the last answer.
    pub elapsed: Duration,
    /// Of every sale that was measured.
    pub latencies: Vec<Duration>,
    /// Sales of each channel, warm-up included.
    pub sold: Vec<usize>,
    /// Vouchers that did not buy, by kind, warm-up included.
    pub errors: BTreeMap<String, usize>,
}

/// A request that was sent.
struct Sending {
    started: Instant,
    ended: Instant,
    result: Result<Answer, NoAnswer>,
}

/// Sends the requests of every channel; the first `warm_up` of each are not
/// measured.
pub(super) async fn measure(
    channels: Vec<Vec<Request>>,
    warm_up: usize,
    timeout: Duration,
    bought: impl Fn(&Answer) -> Outcome,
) -> Result<Round, LoadError> {
    let mut sold = vec![0; channels.len()];
    let barrier = Arc::new(Barrier::new(channels.len()));
    // They end with the round, whatever ends it.
    let mut tasks = JoinSet::new();
    for (index, requests) in channels.into_iter().enumerate() {
        let client = Client::new(true, timeout).map_err(RunError::from)?;
        let barrier = barrier.clone();
        tasks.spawn(async move { (index, send(&client, &requests, warm_up, &barrier).await) });
    }
    let mut latencies = Vec::new();
    let mut errors = BTreeMap::new();
    let mut span: Option<(Instant, Instant)> = None;
    while let Some(task) = tasks.join_next().await {
        let (index, sendings) = task.map_err(|panic| LoadError::Ours(panic.to_string()))?;
        for (position, sending) in sendings.into_iter().enumerate() {
            let is_measured = position >= warm_up;
            if is_measured {
                let (first, last) = span.unwrap_or((sending.started, sending.ended));
                span = Some((first.min(sending.started), last.max(sending.ended)));
            }
            match judge(sending.result, &bought)? {
                Some(error) => *errors.entry(error).or_default() += 1,
                None => {
                    sold[index] += 1;
                    if is_measured {
                        latencies.push(sending.ended - sending.started);
                    }
                }
            }
        }
    }
    let elapsed = span.map_or(Duration::ZERO, |(first, last)| last - first);
    Ok(Round { elapsed, latencies, sold, errors })
}

async fn send(
    client: &Client,
    requests: &[Request],
    warm_up: usize,
    barrier: &Barrier,
) -> Vec<Sending> {
    let mut sendings = Vec::with_capacity(requests.len());
    for (position, request) in requests.iter().enumerate() {
        if position == warm_up {
            barrier.wait().await;
        }
        let started = Instant::now();
        let result = client.send(&request.0).await;
        sendings.push(Sending { started, ended: Instant::now(), result });
    }
    sendings
}

/// Why nothing was bought, if so.
fn judge(
    result: Result<Answer, NoAnswer>,
    bought: impl Fn(&Answer) -> Outcome,
) -> Result<Option<String>, LoadError> {
    match result {
        Err(error @ NoAnswer::Unsendable(_)) => Err(LoadError::Ours(error.to_string())),
        Err(error) => Ok(Some(error.to_string())),
        Ok(answer) => match bought(&answer) {
            Ok(()) => Ok(None),
            Err(Broken::Promise(reason)) => Ok(Some(reason)),
            Err(broken) => Err(LoadError::Ours(broken.to_string())),
        },
    }
}
