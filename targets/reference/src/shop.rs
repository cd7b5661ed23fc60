//! What is on sale, and what was sold.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use conform402_wire::adapter::{Mount, Mounting, OfferInfo, Reached, RefusedOffer, TestbedInfo};
use conform402_wire::{Challenge, ChallengeId};
use tokio::sync::Notify;

use crate::answer::Answered;
use crate::channels::{Channels, Till};
use crate::fault::{Faults, fault};
use crate::sa::SaClient;
use crate::store::Store;

/// Every route, and the record of every challenge.
#[derive(Debug)]
pub struct Shop {
    faults_of_all: Vec<String>,
    routes: Mutex<HashMap<String, Arc<Route>>>,
    challenges: Mutex<HashMap<ChallengeId, Record>>,
    /// Open channels.
    pub channels: Channels,
    /// Tells streams that a channel may allow more than it did.
    pub vouchers: Notify,
    /// Whoever broadcasts for a payee holds it.
    pub broadcasting: tokio::sync::Mutex<()>,
    /// What was answered, by challenge and `Idempotency-Key`.
    pub answered: Answered,
    serial: AtomicU64,
    /// Keeps connections to the settlement service and to the chain.
    pub http: reqwest::Client,
}

/// One URL and what it can be paid with.
#[derive(Debug)]
pub struct Route {
    /// Alternatives, in order.
    pub offers: Vec<OfferInfo>,
    /// Realm and secret.
    pub testbed: TestbedInfo,
    /// The settlement service.
    pub sa: SaClient,
    /// What this route breaks.
    pub faults: Faults,
    payers: Mutex<HashSet<String>>,
}

/// A challenge that was given out.
#[derive(Debug)]
struct Record {
    issued: Challenge,
    claim: Claim,
}

/// How far a challenge has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Not presented, or refused.
    Free,
    /// A payment of it is being settled.
    Settling,
    /// It was paid.
    Paid,
}

impl Shop {
    pub fn new(faults_of_all: Vec<String>) -> Self {
        Self {
            faults_of_all,
            routes: Mutex::default(),
            challenges: Mutex::default(),
            channels: Channels::default(),
            vouchers: Notify::new(),
            broadcasting: tokio::sync::Mutex::default(),
            answered: Answered::default(),
            serial: AtomicU64::new(1),
            http: reqwest::Client::builder().no_proxy().build().unwrap_or_default(),
        }
    }

    /// Puts the offers of a mount on sale, with the channels their store keeps.
    pub fn mount(&self, mount: Mount) -> Mounting {
        let mut mounting = Mounting::default();
        let mut faults = mount.faults;
        faults.extend(self.faults_of_all.iter().cloned());
        let mut by_path: HashMap<String, Vec<OfferInfo>> = HashMap::new();
        for offer in mount.offers {
            by_path.entry(offer.path.clone()).or_default().push(offer);
        }
        let mut routes = lock(&self.routes);
        for (path, offers) in by_path {
            let faults = Faults::new(faults.clone());
            let sa = SaClient::new(self.http.clone(), &mount.testbed, faults.clone());
            let testbed = mount.testbed.clone();
            let payers = Mutex::default();
            let route = Route { offers, testbed, sa, faults, payers };
            match self.take_in_channels(&route) {
                Ok(()) => drop(routes.insert(path, Arc::new(route))),
                Err(error) => {
                    mounting.refused.push(RefusedOffer { path, reason: error.to_string() });
                }
            }
        }
        mounting
    }

    fn take_in_channels(&self, route: &Route) -> io::Result<()> {
        let till = |offer: &OfferInfo| Some(Till::of(offer, offer.session.as_ref()?));
        for till in route.offers.iter().filter_map(till) {
            let kept = route.store(till).map(|store| store.channels());
            for channel in kept.transpose()?.into_iter().flatten() {
                if !fault!(
                    route.faults,
                    "forgets-channels-at-a-restart",
                    "what is on disk is not looked at"
                ) {
                    self.channels.take_in(till, channel);
                }
            }
        }
        Ok(())
    }

    /// Does what a handler does that asks elsewhere before it answers.
    pub async fn ask(&self, url: &str) {
        let _ = self.http.get(url).send().await;
    }

    /// The route of a path.
    pub fn route(&self, path: &str) -> Option<Arc<Route>> {
        lock(&self.routes).get(path).cloned()
    }

    /// The faults that requests reached, by path.
    pub fn reached(&self) -> Reached {
        let routes = lock(&self.routes);
        routes.iter().map(|(path, route)| (path.clone(), route.faults.reached())).collect()
    }

    /// A number no other challenge has.
    pub fn next_serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }

    /// Records a challenge that is given out.
    pub fn issue(&self, challenge: &Challenge) {
        let record = Record { issued: challenge.clone(), claim: Claim::Free };
        lock(&self.challenges).entry(challenge.id.clone()).or_insert(record);
    }

    /// The challenge given out under this id.
    pub fn issued(&self, id: &ChallengeId) -> Option<Challenge> {
        lock(&self.challenges).get(id).map(|record| record.issued.clone())
    }

    /// Claims a challenge for settlement, at once and for one caller only. A
    /// challenge another process gave out is unknown here, and recorded now.
    ///
    /// # Errors
    /// How far it has come already.
    pub fn claim(&self, challenge: &Challenge) -> Result<(), Claim> {
        let mut challenges = lock(&self.challenges);
        let record = challenges
            .entry(challenge.id.clone())
            .or_insert_with(|| Record { issued: challenge.clone(), claim: Claim::Free });
        match record.claim {
            Claim::Free => {
                record.claim = Claim::Settling;
                Ok(())
            }
            taken => Err(taken),
        }
    }

    /// Ends a claim.
    pub fn conclude(&self, id: &ChallengeId, claim: Claim) {
        if let Some(record) = lock(&self.challenges).get_mut(id) {
            record.claim = claim;
        }
    }
}

impl Route {
    /// Where the channels of a till are kept, if they are.
    pub fn store(&self, till: Till) -> Option<Store> {
        Some(Store::of(self.testbed.store.as_deref()?, till))
    }

    /// Remembers that somebody paid here.
    pub fn remember_payer(&self, source: &str) {
        lock(&self.payers).insert(source.to_owned());
    }

    /// Whether somebody paid here before.
    pub fn was_paid_by(&self, source: &str) -> bool {
        lock(&self.payers).contains(source)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
