//! The ledger: what each party of a payment had and has.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alloy::primitives::{Address, I256, U256};
use conform402_wire::BaseUnits;
use serde::Serialize;

use crate::{Chain, ChainError, TokenInfo};

/// Somebody whose balance a check watches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Party {
    /// Its part in the payment: `payer`, `payee`, `split 1`.
    pub role: String,
    /// Its account.
    pub address: Address,
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

    /// Watches an account that holds `held` of each token.
    pub fn watch(&self, role: impl Into<String>, address: Address, held: BaseUnits) {
        let mut parties = self.parties();
        if parties.iter().all(|(party, _)| party.address != address) {
            parties.push((Party { role: role.into(), address }, held));
        }
    }

    /// The accounts watched.
    #[must_use]
    pub fn accounts(&self) -> Vec<Address> {
        self.parties().iter().map(|(party, _)| party.address).collect()
    }

    fn parties(&self) -> MutexGuard<'_, Vec<(Party, BaseUnits)>> {
        self.parties.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every balance that changed since its account was watched.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not answer.
    pub async fn movements(&self) -> Result<Vec<Movement>, ChainError> {
        let parties = self.parties().clone();
        let holders: Vec<Address> = parties.iter().map(|(party, _)| party.address).collect();
        let [token, other] = [self.chain.token(), self.chain.other_token()];
        let (in_token, in_other) = tokio::try_join!(
            self.chain.look(token.domain.contract, &holders),
            self.chain.look(other.domain.contract, &holders),
        )?;
        let movements_of = |token: &TokenInfo, balances: Vec<U256>| {
            let name = token.label;
            let changed = move |((party, held), now): (&(Party, BaseUnits), U256)| {
                let delta = I256::from_raw(now) - I256::from_raw(held.0);
                let movement = Movement { party: party.clone(), token: name, delta };
                (!delta.is_zero()).then_some(movement)
            };
            parties.iter().zip(balances).filter_map(changed).collect::<Vec<_>>()
        };
        let mut movements = movements_of(token, in_token.balances);
        movements.extend(movements_of(other, in_other.balances));
        Ok(movements)
    }

    /// Judges that exactly the `expected` deltas of the offers' token happened
    /// and nothing else moved. The deltas of a payment sum to zero, so money
    /// that reached a stranger shows as well.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not answer; inside, [`Unexpected`].
    pub async fn expect(
        &self,
        expected: &[(Address, I256)],
    ) -> Result<Result<(), Unexpected>, ChainError> {
        let found = self.movements().await?;
        let expected: Vec<Movement> = self
            .parties()
            .iter()
            .filter_map(|(party, _)| {
                let deltas = expected.iter().filter(|(address, _)| *address == party.address);
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
        let seen = chain.look(token.domain.contract, &[holder]).await?;
        Ok(BaseUnits(seen.balances.first().copied().unwrap_or_default()))
    }

    /// How many units of both tokens exist that no party of `parties` holds:
    /// zero, unless money reached a stranger.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not answer.
    pub async fn unaccounted(chain: &Chain, parties: &[Address]) -> Result<U256, ChainError> {
        // An account named twice would be counted twice.
        let parties: BTreeSet<Address> = parties.iter().copied().collect();
        let parties: Vec<Address> = parties.into_iter().collect();
        let mut unaccounted = U256::ZERO;
        for token in [chain.token(), chain.other_token()] {
            let seen = chain.look(token.domain.contract, &parties).await?;
            unaccounted += seen.totalSupply - seen.balances.iter().copied().sum::<U256>();
        }
        Ok(unaccounted)
    }
}
