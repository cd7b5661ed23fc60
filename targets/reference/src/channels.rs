//! The channels that are open, each with what was promised and what was sold.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use alloy::primitives::Address;
use conform402_wire::BaseUnits;
use conform402_wire::session::SignedVoucher;
use conform402_wire::session::channel::ChannelId;

/// Where the channel of an id is kept, if it is open. Whoever locks it has the
/// channel for itself, also while it waits for the settlement service.
pub type Slot = Arc<tokio::sync::Mutex<Option<Channel>>>;

/// All channels, by payee and id: a channel is good for all routes of its
/// payee, and for no other's.
#[derive(Debug, Default)]
pub struct Channels(Mutex<HashMap<(Address, ChannelId), Slot>>);

impl Channels {
    /// The place of a channel.
    pub fn slot(&self, payee: Address, channel: ChannelId) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry((payee, channel)).or_default().clone()
    }
}

/// A channel that is open.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Who signs vouchers.
    pub signer: Address,
    /// All that was deposited.
    pub deposit: BaseUnits,
    /// The voucher that allows most.
    pub highest: SignedVoucher,
    /// What was sold.
    spent: BaseUnits,
}

impl Channel {
    /// A channel on which nothing was sold yet.
    pub fn opened(signer: Address, deposit: BaseUnits, first: SignedVoucher) -> Self {
        Self { signer, deposit, highest: first, spent: BaseUnits::default() }
    }

    /// What vouchers allow and was not sold yet.
    pub fn available(&self) -> BaseUnits {
        self.highest.cumulative_amount.checked_sub(self.spent).unwrap_or_default()
    }

    /// Sells for so much.
    pub fn spend(&mut self, amount: BaseUnits) {
        self.spent = BaseUnits(self.spent.0.saturating_add(amount.0));
    }
}
