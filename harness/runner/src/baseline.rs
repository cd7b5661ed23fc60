//! Known failures, held against what was observed.

use std::collections::BTreeMap;

use crate::check::Registry;
use crate::target::{KnownFailures, TargetError};
use crate::vectors::ids_beside;
use crate::verdict::Verdict;

/// The reason of each known failure, by check id.
#[derive(Clone, Debug, Default)]
pub struct Baseline(BTreeMap<String, String>);

impl Baseline {
    /// Reads a target's known failures.
    ///
    /// # Errors
    /// [`TargetError::Manifest`] for an id no check and no vector has.
    pub fn new(
        name: &str,
        known_failures: &[KnownFailures],
        registry: &Registry,
    ) -> Result<Self, TargetError> {
        let listed = known_failures.iter().flat_map(|known| &known.checks);
        let vectors = ids_beside(listed.map(String::as_str));
        let mut reasons = BTreeMap::new();
        for known in known_failures {
            for id in &known.checks {
                if registry.get(id).is_err() && !vectors.contains(id) {
                    return Err(TargetError::Manifest {
                        file: format!("{name}/target.toml"),
                        reason: format!("no check and no vector is called {id:?}"),
                    });
                }
                reasons.insert(id.clone(), known.reason.clone());
            }
        }
        Ok(Self(reasons))
    }

    /// Why this check is known to fail.
    #[must_use]
    pub fn reason(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }

    /// The ids of all entries.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The entries that no longer hold: the check was decided, and did not
    /// fail, or does not apply at all.
    #[must_use]
    pub fn stale(&self, observed: &BTreeMap<&str, Verdict>) -> Vec<String> {
        let still = [Verdict::Fail, Verdict::Inconclusive];
        let holds = |id: &str| observed.get(id).is_none_or(|verdict| still.contains(verdict));
        self.0.keys().filter(|id| !holds(id)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::still_fails(Some(Verdict::Fail), false)]
    #[case::was_not_run(None, false)]
    #[case::passes(Some(Verdict::Pass), true)]
    #[case::does_not_apply(Some(Verdict::NotApplicable), true)]
    #[case::only_warns(Some(Verdict::Warn), true)]
    #[case::was_undecided(Some(Verdict::Inconclusive), false)]
    fn an_entry_is_stale_if_its_check_was_decided_otherwise(
        #[case] verdict: Option<Verdict>,
        #[case] stale: bool,
    ) {
        let baseline = Baseline([("a".to_owned(), "reason".to_owned())].into());
        let observed = verdict.map(|verdict| ("a", verdict)).into_iter().collect();
        assert_eq!(!baseline.stale(&observed).is_empty(), stale);
    }
}
