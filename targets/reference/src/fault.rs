//! Faults: bugs the reference can be given by name.
//!
//! A fault is declared where it breaks something and nowhere else:
//! `fault!(shop, "stores-challenges", "a challenge may be cached")` is true
//! where that fault is switched on, and puts it in the catalogue.

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
#[derive(Clone, Debug, Default)]
pub struct Faults(pub Vec<String>);

impl Faults {
    /// Whether `name` is switched on.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|fault| fault == name)
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
