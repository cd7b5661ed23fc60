//! Which checks apply to a target.

use conform402_wire::Profile;

use crate::check::Check;
use conform402_wire::adapter::Identity;

/// A check, and why it does not apply, if so.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The check.
    pub check: &'static Check,
    /// Why it is not run.
    pub excluded: Option<String>,
}

/// Holds `checks` against what a target declares; `profile` narrows the
/// dialects further.
#[must_use]
pub fn plan(
    checks: &[&'static Check],
    identity: &Identity,
    profile: Option<Profile>,
) -> Vec<Planned> {
    let exclude = |check: &Check| {
        let lacks = |need| !identity.capabilities.contains(need);
        if let Some(missing) = check.needs.iter().find(|need| lacks(need)) {
            return Some(format!("the target does not declare {missing}"));
        }
        let spoken = check.profile?;
        if !identity.profiles.contains(&spoken) {
            return Some(format!("the target does not speak {spoken}"));
        }
        (profile? != spoken).then(|| format!("only {spoken} is asked for by this check"))
    };
    checks.iter().map(|check| Planned { check, excluded: exclude(check) }).collect()
}
