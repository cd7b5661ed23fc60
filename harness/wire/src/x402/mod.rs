//! x402, versions 1 and 2.

pub mod message;
pub mod network;
pub mod offer;
pub mod price;
pub mod schema;
pub mod version;

pub use message::Message;
pub use network::Network;
