//! The ledger: what each party of a payment had and has.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alloy::primitives::{Address, I256, U256};
use conform402_wire::BaseUnits;
use conform402_wire::session::channel::{ChannelId, Escrow};
use serde::Serialize;

use crate::{Chain, ChainError, Channel, TokenInfo};

/// Where money can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum Holder {
    /// An account of the token.
    #[serde(rename = "address")]
    Account(Address),
    /// A channel, for which the escrow holds it.
    #[serde(rename = "channel")]
    Channel(ChannelId),
}

impl From<Address> for Holder {
    fn from(account: Address) -> Self {
        Self::Account(account)
    }
}

impl From<ChannelId> for Holder {
    fn from(channel: ChannelId) -> Self {
        Self::Channel(channel)
    }
}

/// Somebody whose balance a check watches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Party {
    /// Its part in the payment: `payer`, `payee`, `split 1`, `channel`.
    pub role: String,
    /// Where its money is.
    #[serde(flatten)]
    pub holder: Holder,
}

/// A change of a balance, in base units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Movement {
    /// Whose.
    #[serde(flatten)]
    pub party: Party,
    /// In which token.
    pub token: &'static str,
    /// By how much; negative where money left.
    #[serde(serialize_with = "as_decimal")]
    pub delta: I256,
}

fn as_decimal<S: serde::Serializer>(delta: &I256, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(delta)
}

impl fmt::Display for Movement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.delta.is_positive() { "+" } else { "" };
        write!(f, "{} {sign}{} {}", self.party.role, self.delta, self.token)
    }
}

/// Money that moved otherwise than it should have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("on chain: expected {}, found {}", list(.expected), list(.found))]
pub struct Unexpected {
    /// What should have moved.
    pub expected: Vec<Movement>,
    /// What did.
    pub found: Vec<Movement>,
}

fn list(movements: &[Movement]) -> String {
    match movements {
        [] => "nothing moved".to_owned(),
        movements => movements.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// The balances of all parties of a check, in both tokens, against what each
/// held when the check began.
#[derive(Debug)]
pub struct Ledger {
    chain: Arc<Chain>,
    parties: Mutex<Vec<(Party, BaseUnits)>>,
}

impl Ledger {
    /// A ledger that watches nobody yet.
    #[must_use]
    pub fn new(chain: Arc<Chain>) -> Self {
        Self { chain, parties: Mutex::default() }
    }

    /// Watches an account that holds `held` of each token, or a channel that is
    /// not opened yet.
    pub fn watch(&self, role: impl Into<String>, holder: impl Into<Holder>, held: BaseUnits) {
        let (role, holder) = (role.into(), holder.into());
        let mut parties = self.parties();
        if parties.iter().all(|(party, _)| party.holder != holder) {
            parties.push((Party { role, holder }, held));
        }
    }

    /// Everybody who is watched.
    #[must_use]
    pub fn holders(&self) -> Vec<Holder> {
        self.parties().iter().map(|(party, _)| party.holder).collect()
    }

    fn parties(&self) -> MutexGuard<'_, Vec<(Party, BaseUnits)>> {
        self.parties.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every balance that changed since its holder was watched.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not answer.
    pub async fn movements(&self) -> Result<Vec<Movement>, ChainError> {
        let parties = self.parties().clone();
        let holders: Vec<Holder> = parties.iter().map(|(party, _)| party.holder).collect();
        let [token, other] = [self.chain.token(), self.chain.other_token()];
        let (in_token, in_other) = tokio::try_join!(
            Balances::of(&self.chain, token, &holders),
            Balances::of(&self.chain, other, &holders),
        )?;
        let movements_of = |token: &TokenInfo, balances: Balances| {
            let name = token.label;
            let changed = move |((party, held), now): (&(Party, BaseUnits), U256)| {
                let delta = I256::from_raw(now) - I256::from_raw(held.0);
                let movement = Movement { party: party.clone(), token: name, delta };
                (!delta.is_zero()).then_some(movement)
            };
            parties.iter().zip(balances.of_holders).filter_map(changed).collect::<Vec<_>>()
        };
        let mut movements = movements_of(token, in_token);
        movements.extend(movements_of(other, in_other));
        Ok(movements)
    }

    /// Judges that exactly the `expected` deltas of the offers' token happened
    /// and nothing else moved. The deltas of a payment sum to zero, so money
    /// that reached a stranger shows as well.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not answer, or a holder is not watched;
    /// inside, [`Unexpected`].
    pub async fn expect(
        &self,
        expected: &[(Holder, I256)],
    ) -> Result<Result<(), Unexpected>, ChainError> {
        let watched = self.holders();
        if let Some((holder, _)) = expected.iter().find(|(holder, _)| !watched.contains(holder)) {
            return Err(ChainError::Unwatched(*holder));
        }
        let found = self.movements().await?;
        let expected: Vec<Movement> = self
            .parties()
            .iter()
            .filter_map(|(party, _)| {
                let deltas = expected.iter().filter(|(holder, _)| *holder == party.holder);
                let delta = deltas.fold(I256::ZERO, |sum, (_, delta)| sum + *delta);
                (!delta.is_zero()).then(|| Movement {
                    party: party.clone(),
                    token: self.chain.token().label,
                    delta,
                })
            })
            .collect();
        Ok(if found == expected { Ok(()) } else { Err(Unexpected { expected, found }) })
    }

    /// What `holder` has of `token`.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not answer.
    pub async fn balance(
        chain: &Chain,
        token: &TokenInfo,
        holder: Address,
    ) -> Result<BaseUnits, ChainError> {
        let seen = Balances::of(chain, token, &[holder.into()]).await?;
        Ok(BaseUnits(seen.of_holders.first().copied().unwrap_or_default()))
    }

    /// The conservation law: every unit of both tokens is with one of
    /// `holders`, and each escrow has for its channels neither more nor less than
    /// they hold.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not answer; inside, [`Unaccounted`].
    pub async fn audit(
        chain: &Chain,
        holders: &[Holder],
    ) -> Result<Result<(), Unaccounted>, ChainError> {
        // A holder named twice would be counted twice.
        let holders: BTreeSet<Holder> = holders.iter().copied().collect();
        let channels: Vec<ChannelId> = holders.iter().filter_map(channel).collect();
        let holders: Vec<Holder> = holders.into_iter().collect();
        for token in [chain.token(), chain.other_token()] {
            let held = Balances::of(chain, token, &holders).await?;
            for escrow in [chain.escrow(), chain.hasty_escrow()] {
                let owed = in_escrow(chain, escrow, token, &channels).await?.into_iter().sum();
                let escrowed = Self::balance(chain, token, escrow.contract).await?.0;
                if escrowed != owed {
                    return Ok(Err(Unaccounted::InEscrow { escrowed, owed }));
                }
            }
            if held.sum() != held.total_supply {
                return Ok(Err(Unaccounted::WithStrangers(held.total_supply - held.sum())));
            }
        }
        Ok(Ok(()))
    }
}

/// Money that nobody can account for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unaccounted {
    /// Somebody has it whom no check knows.
    #[error("{0} base units ended with accounts no check knows")]
    WithStrangers(U256),
    /// An escrow has it for a channel no check knows, or has it no longer.
    #[error("an escrow has {escrowed} base units, while the channels that checks know hold {owed}")]
    InEscrow {
        /// What it has.
        escrowed: U256,
        /// What it should have.
        owed: U256,
    },
}

/// What holders have of one token.
struct Balances {
    of_holders: Vec<U256>,
    total_supply: U256,
}

impl Balances {
    async fn of(chain: &Chain, token: &TokenInfo, holders: &[Holder]) -> Result<Self, ChainError> {
        let accounts: Vec<Address> = holders.iter().filter_map(account).collect();
        let channels: Vec<ChannelId> = holders.iter().filter_map(channel).collect();
        let (seen, held, in_haste) = tokio::try_join!(
            chain.look(token.domain.contract, &accounts),
            in_escrow(chain, chain.escrow(), token, &channels),
            in_escrow(chain, chain.hasty_escrow(), token, &channels),
        )?;
        // The id of a channel names its escrow, so no other has it.
        let mut held = held.into_iter().zip(in_haste).map(|(held, in_haste)| held + in_haste);
        let mut balances = seen.balances.into_iter();
        let held = |holder: &Holder| match holder {
            Holder::Account(_) => balances.next().unwrap_or_default(),
            Holder::Channel(_) => held.next().unwrap_or_default(),
        };
        Ok(Self { of_holders: holders.iter().map(held).collect(), total_supply: seen.totalSupply })
    }

    fn sum(&self) -> U256 {
        self.of_holders.iter().copied().sum()
    }
}

const fn account(holder: &Holder) -> Option<Address> {
    match holder {
        Holder::Account(account) => Some(*account),
        Holder::Channel(_) => None,
    }
}

const fn channel(holder: &Holder) -> Option<ChannelId> {
    match holder {
        Holder::Channel(channel) => Some(*channel),
        Holder::Account(_) => None,
    }
}

/// What `escrow` holds of a token for each of `channels`.
async fn in_escrow(
    chain: &Chain,
    escrow: &Escrow,
    token: &TokenInfo,
    channels: &[ChannelId],
) -> Result<Vec<U256>, ChainError> {
    let records = chain.channels(escrow, channels).await?;
    let mut held = Vec::with_capacity(records.len());
    for (id, record) in channels.iter().zip(records) {
        held.push(match record.filter(|channel| channel.token == token.domain.contract) {
            Some(channel) => channel.held().0 + kept(chain, escrow, *id, &channel).await?,
            None => U256::ZERO,
        });
    }
    Ok(held)
}

/// What an open channel keeps of what it settled, because it completes no
/// split's unit yet (contracts/README.md, "Where the draft is silent").
async fn kept(
    chain: &Chain,
    escrow: &Escrow,
    id: ChannelId,
    channel: &Channel,
) -> Result<U256, ChainError> {
    if channel.finalized || channel.settled == BaseUnits::default() {
        return Ok(U256::ZERO);
    }
    let share = |bps: u64| channel.settled.0 * U256::from(bps) / U256::from(10_000);
    let bps: Vec<u64> =
        chain.splits_in(escrow, id).await?.into_iter().map(|(_, bps)| bps.into()).collect();
    let each: U256 = bps.iter().map(|bps| share(*bps)).sum();
    Ok(share(bps.iter().sum()) - each)
}
