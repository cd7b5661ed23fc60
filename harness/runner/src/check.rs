//! Checks and their registry.

use std::collections::BTreeSet;
use std::pin::Pin;

use conform402_vectors::Source;
use conform402_wire::Profile;
use conform402_wire::adapter::Capability;
use globset::{Glob, GlobMatcher};

use crate::bed::Bed;
use crate::verdict::Outcome;
use conform402_vectors::Level;

/// What a check returns while it runs.
pub type CheckFuture<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// One normative statement, tested by one scenario. The `check` attribute
/// makes these; nothing else does.
#[derive(Debug)]
pub struct Check {
    /// Module path of the suite.
    pub module: &'static str,
    /// Function name.
    pub name: &'static str,
    /// Name of the case, where the function has several.
    pub case: Option<&'static str>,
    /// From the source's own words.
    pub level: Level,
    /// Whether the other checks of the module decide nothing without it.
    pub is_control: bool,
    /// Whether it needs a chain to itself, because it travels in time.
    pub own_chain: bool,
    /// Whether it needs a target process to itself, because it kills it.
    pub own_target: bool,
    /// What a target must be able to do.
    pub needs: &'static [Capability],
    /// The dialect it holds in, if not in all.
    pub profile: Option<Profile>,
    /// Faults of the reference target that break it.
    pub killed_by: &'static [&'static str],
    /// Where it is said.
    pub sources: &'static [Source],
    /// What the sources leave unsaid.
    pub explanation: &'static str,
    /// The scenario.
    pub run: for<'a> fn(&'a Bed) -> CheckFuture<'a>,
}

inventory::collect!(Check);

impl Check {
    /// Protocol, area, section, statement: `mpp.charge.splits.sum-equal-to-amount-is-refused`.
    #[must_use]
    pub fn id(&self) -> String {
        // Identifiers cannot begin with the digit of a code, so those have an underscore.
        let case = self.case.map(|case| case.trim_start_matches('_'));
        let case = case.map(|case| format!("::{case}")).unwrap_or_default();
        format!("{}::{}{case}", self.group_path(), self.name).replace("::", ".").replace('_', "-")
    }

    /// The id without the statement: the suite file the check stands in.
    #[must_use]
    pub fn group(&self) -> String {
        self.group_path().replace("::", ".").replace('_', "-")
    }

    /// The suite file the check stands in, from the repository's root.
    #[must_use]
    pub fn file(&self) -> String {
        format!("suites/src/{}.rs", self.group_path().replace("::", "/"))
    }

    fn group_path(&self) -> &'static str {
        self.module.split_once("::").map_or(self.module, |(_crate, path)| path)
    }
}

/// Every check linked into the program, by id.
#[derive(Debug)]
pub struct Registry(Vec<&'static Check>);

/// A filter that selects nothing.
#[derive(Debug, thiserror::Error)]
pub enum NoSuchCheck {
    /// Not a glob.
    #[error("{0:?} is not a pattern: {1}")]
    BadGlob(String, String),
    /// Matches nothing.
    #[error("nothing matches {filter:?}; known:\n  {}", .known.join("\n  "))]
    Unmatched {
        /// The filter.
        filter: String,
        /// What there is.
        known: Vec<String>,
    },
}

impl Registry {
    /// Collects all checks.
    #[must_use]
    pub fn collect() -> Self {
        let mut checks: Vec<&'static Check> = inventory::iter::<Check>().collect();
        checks.sort_by_cached_key(|check| check.id());
        Self(checks)
    }

    /// All checks, by id.
    pub fn iter(&self) -> impl Iterator<Item = &'static Check> {
        self.0.iter().copied()
    }

    /// The check with this id.
    ///
    /// # Errors
    /// [`NoSuchCheck`] lists the ids of the same area, or all areas.
    pub fn get(&self, id: &str) -> Result<&'static Check, NoSuchCheck> {
        self.iter().find(|check| check.id() == id).ok_or_else(|| {
            let is_near = |check: &&Check| id.starts_with(&check.group());
            let near: Vec<String> = self.iter().filter(is_near).map(Check::id).collect();
            let known = if near.is_empty() { self.groups() } else { near };
            NoSuchCheck::Unmatched { filter: id.to_owned(), known }
        })
    }

    /// The checks whose id matches `filter`, a glob such as `mpp.charge.*`.
    ///
    /// # Errors
    /// [`NoSuchCheck`] if it is no glob or matches nothing.
    pub fn select(&self, filter: Option<&str>) -> Result<Vec<&'static Check>, NoSuchCheck> {
        let Some(filter) = filter else { return Ok(self.0.clone()) };
        let matcher = compile(filter)?;
        let selected: Vec<_> = self.iter().filter(|check| matcher.is_match(check.id())).collect();
        if selected.is_empty() {
            return Err(NoSuchCheck::Unmatched { filter: filter.to_owned(), known: self.groups() });
        }
        Ok(selected)
    }

    /// The checks, and the positive control of each of their groups: without
    /// it, they would decide nothing.
    #[must_use]
    pub fn with_controls(&self, checks: Vec<&'static Check>) -> Vec<&'static Check> {
        let groups: BTreeSet<String> = checks.iter().map(|check| check.group()).collect();
        let ids: BTreeSet<String> = checks.iter().map(|check| check.id()).collect();
        let is_wanted = |check: &&Check| {
            ids.contains(&check.id()) || (check.is_control && groups.contains(&check.group()))
        };
        self.iter().filter(is_wanted).collect()
    }

    fn groups(&self) -> Vec<String> {
        let mut groups: Vec<String> = self.iter().map(|check| check.group() + ".*").collect();
        groups.dedup();
        groups
    }
}

/// A glob over ids or fault names.
///
/// # Errors
/// [`NoSuchCheck::BadGlob`].
pub(crate) fn compile(filter: &str) -> Result<GlobMatcher, NoSuchCheck> {
    let glob = Glob::new(filter);
    let glob = glob.map_err(|error| NoSuchCheck::BadGlob(filter.to_owned(), error.to_string()))?;
    Ok(glob.compile_matcher())
}
