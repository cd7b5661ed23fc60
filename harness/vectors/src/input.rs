//! How inputs are read, and refused.

pub(crate) use conform402_wire::members::Members as Input;
use conform402_wire::typed_data::Misfit;

use crate::operation::Refusal;

impl From<Misfit> for Refusal {
    /// `<member>-is-missing`, or `<member>-is-no-<kind>`.
    fn from(misfit: Misfit) -> Self {
        Self(match misfit {
            Misfit::EmptyDomain => "domain-is-empty".to_owned(),
            Misfit::Missing(member) => format!("{}-is-missing", kebab(&member)),
            Misfit::Kind { member, kind } => format!("{}-is-no-{kind}", kebab(&member)),
        })
    }
}

/// `cumulativeAmount` as `cumulative-amount`.
pub(crate) fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            kebab.push('-');
        }
        kebab.push(c.to_ascii_lowercase());
    }
    kebab
}

/// `cumulativeAmount` as `CumulativeAmount`.
pub(crate) fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
