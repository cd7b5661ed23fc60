//! Faults: bugs the reference can be given by name.
//!
//! A fault is declared where it breaks something and nowhere else:
//! `fault!(shop, "stores-challenges", "a challenge may be cached")` is true
//! where that fault is switched on, and puts it in the catalogue.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// A fault, as declared.
#[derive(Debug)]
pub struct Fault {
    /// Kebab-case.
    pub name: &'static str,
    /// What it breaks.
    pub summary: &'static str,
}

inventory::collect!(Fault);

/// The faults of one mount.
#[derive(Clone, Debug)]
pub struct Faults {
    on: Vec<String>,
    reached: Arc<Mutex<BTreeSet<String>>>,
}

impl Faults {
    /// With these switched on.
    #[must_use]
    pub fn new(on: Vec<String>) -> Self {
        Self { on, reached: Arc::default() }
    }

    /// Whether `name` is switched on.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        if !reached.contains(name) {
            reached.insert(name.to_owned());
        }
        self.on.iter().any(|fault| fault == name)
    }

    /// The faults that were asked for, switched on or not.
    #[must_use]
    pub fn reached(&self) -> BTreeSet<String> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Every declared fault.
pub fn catalogue() -> impl Iterator<Item = &'static Fault> {
    inventory::iter::<Fault>.into_iter()
}

/// Declares a fault where it stands, and tells whether it is switched on.
macro_rules! fault {
    ($faults:expr, $name:literal, $summary:literal) => {{
        ::inventory::submit! { $crate::fault::Fault { name: $name, summary: $summary } }
        $faults.has($name)
    }};
}

pub(crate) use fault;
