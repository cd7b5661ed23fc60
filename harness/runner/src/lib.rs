//! Runs suites: targets, the registry of checks, plan, schedule, verdicts,
//! evidence, reports and the kill matrix.

pub mod baseline;
mod bed;
mod check;
mod events;
mod gate;
mod http;
mod interview;
pub mod kill_matrix;
pub mod load;
mod offer;
mod own_target;
pub mod plan;
pub mod report;
pub mod run;
mod schedule;
mod target;
mod testbed;
mod vectors;
mod verdict;

pub use bed::{Bed, EventStream, Request};
pub use check::{Check, CheckFuture, Registry};
pub use conform402_chain::Seed;
pub use conform402_macros::check;
pub use conform402_vectors::{Level, Source};
pub use conform402_wire::Profile;
pub use conform402_wire::adapter::{Capability, Identity};
pub use events::Event;
pub use http::{Answer, Exchange};
pub use inventory;
pub use offer::{Mounted, Offer};
pub use target::{Target, TargetError, Targets};
pub use testbed::Testbed;
pub use vectors::vectors_matching;
pub use verdict::{Broken, Outcome, Verdict};
