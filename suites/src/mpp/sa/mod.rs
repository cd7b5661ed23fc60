//! What a seller makes of the settlement service's answers.

pub mod causes;
pub mod codes;
pub mod envelope;
pub mod transport;
