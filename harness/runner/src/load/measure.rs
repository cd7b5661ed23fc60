//! One round: every channel sends its vouchers one after the other, and all
//! channels at once, each over a connection of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::LoadError;
use crate::http::{Answer, Client, NoAnswer, Sent};
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
    channels: Vec<Vec<Sent>>,
    warm_up: usize,
    timeout: Duration,
    bought: impl Fn(&Answer) -> Outcome,
) -> Result<Round, LoadError> {
    let mut sold = vec![0; channels.len()];
    let barrier = Arc::new(Barrier::new(channels.len()));
    // They end with the round, whatever ends it.
    let mut tasks = JoinSet::new();
    for (index, requests) in channels.into_iter().enumerate() {
        // A second one, opened while the first was not yet given back, would lie
        // idle until the seller closes it, maybe just as it is used.
        let client = Client::new(1, timeout).map_err(RunError::from)?;
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

/// Sends one request after the other. A channel that is not answered sends no
/// more: a seller that hangs would make the round endless.
async fn send(
    client: &Client,
    requests: &[Sent],
    warm_up: usize,
    barrier: &Barrier,
) -> Vec<Sending> {
    let mut sendings = Vec::with_capacity(requests.len());
    let (ahead, measured) = requests.split_at(warm_up.min(requests.len()));
    let is_answered = send_all(client, ahead, &mut sendings).await;
    barrier.wait().await;
    if is_answered {
        send_all(client, measured, &mut sendings).await;
    }
    sendings
}

/// Whether every request was answered.
async fn send_all(client: &Client, requests: &[Sent], sendings: &mut Vec<Sending>) -> bool {
    for request in requests {
        let started = Instant::now();
        let result = client.send(request).await;
        let is_answered = result.is_ok();
        sendings.push(Sending { started, ended: Instant::now(), result });
        if !is_answered {
            return false;
        }
    }
    true
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
            Err(Broken::Promise(reason) | Broken::Late(reason)) => Ok(Some(reason)),
            Err(broken) => Err(LoadError::Ours(broken.to_string())),
        },
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(15);

    fn requests(url: &str, count: usize) -> Vec<Sent> {
        let sent = Sent { method: "GET".into(), url: url.to_owned(), ..Sent::default() };
        vec![sent; count]
    }

    /// Answers 200 to so many requests of one connection, and then hangs up.
    async fn serve(answers: usize) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            // Nobody listens any more, so that no second connection comes.
            drop(listener);
            for _ in 0..answers {
                let _ = stream.read(&mut [0; 4096]).await;
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                stream.write_all(answer).await.unwrap();
            }
        });
        url
    }

    async fn measured(channels: Vec<Vec<Sent>>) -> Round {
        let bought = |answer: &Answer| match answer.status {
            200 => Ok(()),
            _ => Err(Broken::promise("not sold")),
        };
        measure(channels, 2, TIMEOUT, bought).await.unwrap()
    }

    #[tokio::test]
    async fn what_goes_ahead_is_sold_and_not_measured() {
        let round = measured(vec![requests(&serve(5).await, 5)]).await;
        assert_eq!((round.sold, round.latencies.len()), (vec![5], 3));
        assert!(round.errors.is_empty() && round.elapsed > Duration::ZERO);
    }

    /// Whether before or after the start, a channel that is not answered sends
    /// no more, and the others do not wait for it.
    #[tokio::test]
    async fn a_channel_without_answers_ends() {
        let urls = [serve(1).await, serve(5).await, serve(4).await];
        let round = measured(urls.iter().map(|url| requests(url, 5)).collect()).await;
        assert_eq!((round.sold, round.latencies.len()), (vec![1, 5, 4], 5));
        assert_eq!(round.errors.values().sum::<usize>(), 2);
    }

    #[tokio::test]
    async fn a_request_that_cannot_be_sent_is_ours() {
        let measured = measure(vec![requests("no url", 3)], 2, TIMEOUT, |_| Ok(())).await;
        assert!(matches!(measured, Err(LoadError::Ours(_))));
    }
}
