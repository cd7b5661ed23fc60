//! The dialects of `method="evm"`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A dialect in which sellers legitimately differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// `@okxweb3/mpp`, as seed 002 documents it.
    OkxNode,
    /// `okxweb3-app-mpp`, as seed 000 documents it.
    OkxPython,
    /// The Rust crates `mpp-evm` and `mpp`.
    OkxRust,
    /// The drafts, whose sellers settle by themselves.
    Ietf,
}

impl Profile {
    /// Every profile this project knows.
    pub const ALL: [Self; 4] = [Self::OkxNode, Self::OkxPython, Self::OkxRust, Self::Ietf];

    /// The name in manifests and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OkxNode => "okx-node",
            Self::OkxPython => "okx-python",
            Self::OkxRust => "okx-rust",
            Self::Ietf => "ietf",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown profile {0:?}; known: okx-node, okx-python, okx-rust, ietf")]
pub struct UnknownProfile(pub String);

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.name() == text)
            .ok_or_else(|| UnknownProfile(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for profile in Profile::ALL {
            assert_eq!(profile.name().parse(), Ok(profile));
            assert_eq!(serde_json::to_value(profile).unwrap(), profile.name());
        }
        let error = "okx-go".parse::<Profile>().unwrap_err().to_string();
        assert!(Profile::ALL.iter().all(|profile| error.contains(profile.name())));
    }
}
