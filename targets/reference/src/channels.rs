//! The channels that are open, each with what was promised and what was sold.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use alloy::primitives::{Address, B256, TxHash};
use conform402_wire::BaseUnits;
use conform402_wire::adapter::{OfferInfo, SessionInfo};
use conform402_wire::session::SignedVoucher;
use conform402_wire::session::channel::ChannelId;
use serde::{Deserialize, Serialize};

/// Where the channel of an id is kept, if it is open. Whoever locks it has the
/// channel for itself, also while it waits for the settlement service.
pub type Slot = Arc<tokio::sync::Mutex<Option<Channel>>>;

/// What channels are kept apart by: one is good for all routes of its payee that
/// are paid in its token and out of its escrow, and for no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Till {
    payee: Address,
    token: Address,
    escrow: Address,
    chain_id: u64,
}

impl Till {
    /// Where the channels of a session's offer are.
    pub const fn of(offer: &OfferInfo, session: &SessionInfo) -> Self {
        Self {
            payee: offer.recipient,
            token: offer.currency,
            escrow: session.escrow,
            chain_id: offer.chain_id,
        }
    }
}

impl fmt::Display for Till {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}-{}", self.payee, self.token, self.escrow, self.chain_id)
    }
}

/// All channels, by till and id.
#[derive(Debug, Default)]
pub struct Channels {
    slots: Mutex<HashMap<(Till, ChannelId), Slot>>,
    in_doubt: Mutex<HashSet<Deposit>>,
    presented: Mutex<HashSet<TxHash>>,
}

/// A deposit, by payee, channel and the salt that makes it one of many.
pub type Deposit = (Address, ChannelId, B256);

impl Channels {
    /// The place of a channel, which is made where there is none.
    pub fn slot(&self, till: Till, channel: ChannelId) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry((till, channel)).or_default().clone()
    }

    /// The place of a channel, if there is one.
    pub fn find(&self, till: Till, channel: ChannelId) -> Option<Slot> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.get(&(till, channel)).cloned()
    }

    /// Takes in a channel that was kept, unless it is known already.
    pub fn take_in(&self, till: Till, channel: Channel) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let id = channel.highest.channel_id;
        slots.entry((till, id)).or_insert_with(|| Arc::new(Some(channel).into()));
    }

    /// The place of a channel in any till of its payee.
    pub fn in_any_till(&self, payee: Address, channel: ChannelId) -> Option<Slot> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let is_meant = |of: &Till, id: &ChannelId| of.payee == payee && *id == channel;
        slots.iter().find(|((of, id), _)| is_meant(of, id)).map(|(_, slot)| slot.clone())
    }

    /// The place of a channel, whoever its payee is.
    pub fn anybodys(&self, channel: ChannelId) -> Option<Slot> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.iter().find(|((_, id), _)| *id == channel).map(|(_, slot)| slot.clone())
    }

    /// The channels of a till.
    pub fn ids_of(&self, till: Till) -> Vec<ChannelId> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.keys().filter(|(of, _)| *of == till).map(|(_, id)| *id).collect()
    }

    /// Remembers that a deposit was asked for and nothing heard of it, or that
    /// its fate is known; says whether it was in doubt before.
    pub fn doubt(&self, deposit: Deposit, is_in_doubt: bool) -> bool {
        let mut in_doubt = self.in_doubt.lock().unwrap_or_else(PoisonError::into_inner);
        if is_in_doubt { !in_doubt.insert(deposit) } else { in_doubt.remove(&deposit) }
    }

    /// Whether a payer's transaction was presented before.
    pub fn was_presented(&self, hash: TxHash) -> bool {
        !self.presented.lock().unwrap_or_else(PoisonError::into_inner).insert(hash)
    }

    /// Charges every other channel of a till that nobody has locked.
    pub fn spend_elsewhere(&self, till: Till, but: ChannelId, amount: BaseUnits) {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        for ((_, _), slot) in slots.iter().filter(|((of, id), _)| *of == till && *id != but) {
            if let Ok(mut slot) = slot.try_lock()
                && let Some(channel) = slot.as_mut()
            {
                channel.spend(amount);
            }
        }
    }
}

/// A channel that is open.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Channel {
    /// Who signs vouchers.
    pub signer: Address,
    /// All that was deposited.
    pub deposit: BaseUnits,
    /// The voucher that allows most.
    pub highest: SignedVoucher,
    /// What was sold.
    spent: BaseUnits,
    /// How many streams were begun. None outlives the process.
    #[serde(skip)]
    streams: u64,
}

impl Channel {
    /// A channel on which nothing was sold yet.
    pub fn opened(signer: Address, deposit: BaseUnits, first: SignedVoucher) -> Self {
        Self { signer, deposit, highest: first, spent: BaseUnits::default(), streams: 0 }
    }

    /// What vouchers allow and was not sold yet.
    pub fn available(&self) -> BaseUnits {
        self.highest.cumulative_amount.checked_sub(self.spent).unwrap_or_default()
    }

    /// What was sold.
    pub const fn spent(&self) -> BaseUnits {
        self.spent
    }

    /// Takes all that was promised for spent.
    pub fn forget_change(&mut self) {
        self.spent = self.highest.cumulative_amount;
    }

    /// Takes nothing for spent.
    pub fn forgive(&mut self) {
        self.spent = BaseUnits::default();
    }

    /// Begins a stream, which ends the one before, and returns its number.
    pub const fn begin_stream(&mut self) -> u64 {
        self.streams += 1;
        self.streams
    }

    /// The number of the stream that was begun last.
    pub const fn stream(&self) -> u64 {
        self.streams
    }

    /// Sells for so much.
    pub fn spend(&mut self, amount: BaseUnits) {
        self.spent = BaseUnits(self.spent.0.saturating_add(amount.0));
    }
}
