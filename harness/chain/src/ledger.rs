//! The ledger: what each party of a payment had and has.

use std::fmt;
use std::sync::Arc;

use alloy::primitives::{Address, I256, U256};
use serde::Serialize;

use crate::{Chain, ChainError};

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
    pub token: String,
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

/// The balances of all parties of a check since it began, in both tokens.
#[derive(Debug)]
pub struct Ledger {
    chain: Arc<Chain>,
    parties: Vec<Party>,
    before: Vec<U256>,
}

impl Ledger {
    /// Reads what each party has now.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not answer.
    pub async fn open(chain: Arc<Chain>, parties: Vec<Party>) -> Result<Self, ChainError> {
        let before = read(&chain, &parties).await?;
        Ok(Self { chain, parties, before })
    }

    /// The parties watched.
    #[must_use]
    pub fn parties(&self) -> &[Party] {
        &self.parties
    }

    /// Every balance that changed since the ledger was opened.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not answer.
    pub async fn movements(&self) -> Result<Vec<Movement>, ChainError> {
        let now = read(&self.chain, &self.parties).await?;
        let tokens = [self.chain.token(), self.chain.other_token()];
        let entries = tokens.iter().flat_map(|token| self.parties.iter().map(move |p| (token, p)));
        Ok(entries
            .zip(self.before.iter().zip(now))
            .map(|((token, party), (before, now))| Movement {
                party: party.clone(),
                token: token.domain.name.clone(),
                delta: I256::from_raw(now) - I256::from_raw(*before),
            })
            .filter(|movement| !movement.delta.is_zero())
            .collect())
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
            .parties
            .iter()
            .filter_map(|party| {
                let deltas = expected.iter().filter(|(address, _)| *address == party.address);
                let delta = deltas.fold(I256::ZERO, |sum, (_, delta)| sum + *delta);
                (!delta.is_zero()).then(|| Movement {
                    party: party.clone(),
                    token: self.chain.token().domain.name.clone(),
                    delta,
                })
            })
            .collect();
        Ok(if found == expected { Ok(()) } else { Err(Unexpected { expected, found }) })
    }

    /// How many units of both tokens exist that no party of `parties` holds:
    /// zero, unless money reached a stranger.
    ///
    /// # Errors
    /// [`ChainError`] if the chain does not answer.
    pub async fn unaccounted(chain: &Chain, parties: &[Address]) -> Result<U256, ChainError> {
        let mut unaccounted = U256::ZERO;
        for token in [chain.token(), chain.other_token()] {
            let seen = chain.look(token.domain.contract, parties).await?;
            unaccounted += seen.totalSupply - seen.balances.iter().copied().sum::<U256>();
        }
        Ok(unaccounted)
    }
}

async fn read(chain: &Chain, parties: &[Party]) -> Result<Vec<U256>, ChainError> {
    let holders: Vec<Address> = parties.iter().map(|party| party.address).collect();
    let (token, other) = tokio::try_join!(
        chain.look(chain.token().domain.contract, &holders),
        chain.look(chain.other_token().domain.contract, &holders),
    )?;
    Ok([token.balances, other.balances].concat())
}
