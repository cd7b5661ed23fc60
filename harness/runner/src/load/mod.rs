//! How a target bears load: vouchers on open channels, beside the reference.
//!
//! Both are measured in one run and in turn, a round of the one and then a round
//! of the other, so that whatever else the machine does befalls both; never at
//! once, so that neither takes the other's processors. What is measured is the
//! request that presents a voucher. Channels are opened, challenges asked for
//! and vouchers signed before.

mod measure;
mod report;

use std::sync::Arc;
use std::time::Duration;

use conform402_chain::{AnvilBinary, ChainOptions, Holder, Ledger, Seed};
use conform402_wire::adapter::{Capability, Identity};
use futures::future::BoxFuture;

pub use report::{Figures, Latencies, Load, LoadReport, Ratio, Seller};

use self::measure::measure;
use self::report::Tally;
use crate::bed::{Bed, Request};
use crate::http::{Answer, Client};
use crate::report::TestbedSummary;
use crate::run::{Faults, RunError, Watcher};
use crate::target::{Adapter, Process, Target, TargetError};
use crate::testbed::Testbed;
use crate::verdict::{Broken, Outcome};

/// Rounds of each, for each number of channels.
const ROUNDS: usize = 3;

/// Of so many vouchers, one more goes ahead of a round and is not measured.
const WARM_UP: usize = 10;

/// Fewest vouchers a channel sends ahead of a round. The first opens the
/// connection.
const LEAST_WARM_UP: usize = 2;

/// How much is asked of a target.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// Channels at once, for each load.
    pub channels: Vec<usize>,
    /// Vouchers a round, divided among its channels and rounded up.
    pub vouchers: usize,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Keys derive from it.
    pub seed: Seed,
    /// Longest an answer may take.
    pub timeout: Duration,
    /// Faults of the reference, where it is the target. The one beside it is
    /// sound.
    pub faults: Vec<String>,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            channels: vec![1, 16],
            vouchers: 240,
            chain_id: 196,
            seed: Seed::default(),
            timeout: Duration::from_secs(15),
            faults: Vec::new(),
        }
    }
}

/// A payer with channels open, who has yet to pay.
pub trait Payer: Send + Sync {
    /// Requests that present so many more vouchers on each channel, ready to be
    /// sent in this order.
    ///
    /// # Errors
    /// [`Broken`] if there are none to be had.
    fn vouchers(&mut self, each: usize) -> BoxFuture<'_, Result<Vec<Vec<Request>>, Broken>>;

    /// Judges that a voucher bought.
    ///
    /// # Errors
    /// [`Broken::Promise`] is the kind of error to count.
    fn bought(&self, answer: &Answer) -> Outcome;

    /// Closes the channels, and judges that what each of them sold, which is
    /// told, is what was promised on it and what the payee got.
    ///
    /// # Errors
    /// [`Broken::Promise`] if money was lost or won.
    fn settle(&mut self, sold: &[usize]) -> BoxFuture<'_, Outcome>;
}

/// Opens so many channels, each good for so many vouchers.
pub type Open =
    for<'a> fn(&'a Bed, usize, usize) -> BoxFuture<'a, Result<Box<dyn Payer + 'a>, Broken>>;

/// Why there is no report. Ours or the set-up's: exit 2.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// What keeps a run from its report keeps a load.
    #[error(transparent)]
    Run(#[from] RunError),
    /// There is nothing to load.
    #[error("{0} does not declare {session}, and a load is of vouchers", session = Capability::Session)]
    NoSession(String),
    /// The reference did not sell as it should, so there is no measure.
    #[error("the reference itself failed, so there is nothing to compare with: {0}")]
    Reference(String),
    /// The harness failed.
    #[error("{0}")]
    Ours(String),
}

impl From<TargetError> for LoadError {
    fn from(error: TargetError) -> Self {
        Self::Run(error.into())
    }
}

/// Measures `target`, and `reference` beside it, while they sell on the channels
/// that `open` opens.
///
/// # Errors
/// [`LoadError`] for whatever keeps the load from a report.
pub async fn load(
    target: &Target,
    reference: &Target,
    open: Open,
    options: &LoadOptions,
    watcher: &dyn Watcher,
) -> Result<LoadReport, LoadError> {
    let notice = |text: &str| watcher.notice(text);
    let anvil = AnvilBinary::find(notice).await.map_err(RunError::from)?;
    let chain = ChainOptions { chain_id: options.chain_id, seed: options.seed };
    let testbed = Arc::new(Testbed::start(&anvil, chain).await.map_err(RunError::from)?);
    let mut process = Process::start(target, &notice).await?;
    let mut beside = Process::start(reference, &notice).await?;
    let urls = [process.url.clone(), beside.url.clone()];
    let performance = async {
        let ground = Ground { testbed: testbed.clone(), open, options, watcher };
        let target = Side::new("target", &urls[0], &options.faults, options.timeout).await?;
        let reference = Side::new("reference", &urls[1], &[], options.timeout).await;
        let reference =
            reference.map_err(|error| LoadError::Ours(format!("reference: {error}")))?;
        let loads = ground.perform([&target, &reference]).await?;
        Ok::<_, LoadError>((target.seller(), reference.seller(), loads))
    };
    let performed = tokio::select! {
        performed = performance => performed,
        death = process.died() => Err(death.into()),
        death = beside.died() => Err(death.into()),
    };
    let performed = match performed {
        Err(LoadError::Run(RunError::Target(error))) => Err(process.explain(error).await.into()),
        performed => performed,
    };
    let log = process.last_lines();
    process.stop().await;
    beside.stop().await;
    let (target, reference, loads) = performed?;
    let testbed = TestbedSummary {
        chain_id: options.chain_id,
        seed: options.seed.0,
        anvil: anvil.version().to_owned(),
    };
    let report = LoadReport::new(target, reference, testbed, ROUNDS, loads);
    if report.exit != 0 {
        watcher.notice(&format!("Last lines of the adapter's log:\n{log}"));
    }
    Ok(report)
}

/// One of the two that are measured.
struct Side {
    role: &'static str,
    adapter: Arc<Adapter>,
    client: Client,
    identity: Identity,
    faults: Vec<String>,
}

impl Side {
    async fn new(
        role: &'static str,
        url: &str,
        faults: &[String],
        timeout: Duration,
    ) -> Result<Self, LoadError> {
        let client = Client::new(0, timeout).map_err(RunError::from)?;
        let adapter = Arc::new(Adapter::new(client.clone(), url.to_owned()));
        let identity = adapter.identity().await?;
        let faults = Faults::split(&identity, faults)?;
        // A load asks for no operations.
        faults.must_be_among(&[])?;
        if !identity.capabilities.contains(&Capability::Session) {
            return Err(LoadError::NoSession(identity.name));
        }
        Ok(Self { role, adapter, client, identity, faults: faults.of_the_seller })
    }

    fn seller(&self) -> Seller {
        Seller::new(&self.identity, self.faults.clone())
    }
}

/// Where and how loads are performed.
struct Ground<'a> {
    testbed: Arc<Testbed>,
    open: Open,
    options: &'a LoadOptions,
    watcher: &'a dyn Watcher,
}

impl Ground<'_> {
    async fn perform(&self, sides: [&Side; 2]) -> Result<Vec<Load>, LoadError> {
        self.watcher.planned(self.options.channels.len() * ROUNDS * sides.len());
        let mut loads = Vec::new();
        let mut holders: Vec<Holder> = Vec::new();
        for &channels in &self.options.channels {
            let beds = [self.bed(sides[0], channels), self.bed(sides[1], channels)];
            let payers = beds.each_ref().map(|bed| bed.payer().address());
            self.testbed.fund(&payers).await.map_err(RunError::from)?;
            loads.push(self.load(&beds, sides, channels).await?);
            holders.extend(beds.iter().flat_map(Bed::holders));
        }
        let audit = Ledger::audit(&self.testbed.chain, &holders).await.map_err(RunError::from)?;
        audit.map_err(RunError::from)?;
        Ok(loads)
    }

    fn bed(&self, side: &Side, channels: usize) -> Bed {
        let id = format!("load.{}.{channels}", side.role);
        let (testbed, adapter) = (self.testbed.clone(), side.adapter.clone());
        Bed::new(testbed, adapter, side.client.clone(), id, "", side.faults.clone())
    }

    async fn load(
        &self,
        beds: &[Bed; 2],
        sides: [&Side; 2],
        channels: usize,
    ) -> Result<Load, LoadError> {
        let each = self.options.vouchers.div_ceil(channels);
        let warm_up = (each / WARM_UP).max(LEAST_WARM_UP);
        let mut contests = Vec::new();
        for bed in beds {
            contests.push(Contest::open(bed, self.open, channels, each, warm_up).await?);
        }
        for round in 1..=ROUNDS {
            for (contest, side) in contests.iter_mut().zip(sides) {
                contest.round(self.options.timeout).await?;
                let name = &side.identity.name;
                self.watcher.measured(&format!("{name}, {channels} channels, round {round}"));
            }
        }
        let mut tallies = Vec::new();
        for contest in contests {
            tallies.push(contest.settle().await?);
        }
        let [target, reference] = <[Tally; 2]>::try_from(tallies)
            .map_err(|_| LoadError::Ours("two were to be measured".to_owned()))?;
        if let Some(reason) = reference.complaint() {
            return Err(LoadError::Reference(reason));
        }
        Ok(Load::new(channels, each * channels, &target, &reference))
    }
}

/// One side under one load.
struct Contest<'a> {
    bed: &'a Bed,
    /// None once a promise was broken without which there is no going on.
    payer: Option<Box<dyn Payer + 'a>>,
    each: usize,
    warm_up: usize,
    sold: Vec<usize>,
    tally: Tally,
}

impl<'a> Contest<'a> {
    async fn open(
        bed: &'a Bed,
        open: Open,
        channels: usize,
        each: usize,
        warm_up: usize,
    ) -> Result<Self, LoadError> {
        let opened = open(bed, channels, (each + warm_up) * ROUNDS).await;
        let mut tally = Tally::default();
        let payer = tally.broken_by(opened)?;
        Ok(Self { bed, payer, each, warm_up, sold: vec![0; channels], tally })
    }

    async fn round(&mut self, timeout: Duration) -> Result<(), LoadError> {
        let Some(payer) = &mut self.payer else { return Ok(()) };
        let prepared = payer.vouchers(self.each + self.warm_up).await;
        let Some(requests) = self.tally.broken_by(prepared)? else {
            self.payer = None;
            return Ok(());
        };
        let address = |channel: Vec<Request>| {
            channel.into_iter().map(|request| self.bed.addressed(request)).collect()
        };
        let requests = requests.into_iter().map(address).collect();
        let round = measure(requests, self.warm_up, timeout, |answer| payer.bought(answer)).await?;
        for (sold, of_the_round) in self.sold.iter_mut().zip(&round.sold) {
            *sold += of_the_round;
        }
        self.tally.enter(round)
    }

    async fn settle(mut self) -> Result<Tally, LoadError> {
        if let Some(payer) = &mut self.payer {
            let settled = payer.settle(&self.sold).await;
            self.tally.broken_by(settled)?;
        }
        match self.bed.asked().into_iter().find_map(|entry| entry.trouble) {
            Some(trouble) => Err(LoadError::Ours(format!("the facilitator failed: {trouble}"))),
            None => Ok(self.tally),
        }
    }
}
