//! The x402 protocol.

mod message;
mod misfits;
mod network;
mod offer;
mod payment_payload;
mod payment_required;
mod permit2;
mod price;
mod requirements;
mod settle_response;
mod v1;
mod version;

use crate::operation::Operation;

pub(crate) fn operations() -> Vec<Operation> {
    [
        network::operations(),
        payment_payload::operations(),
        payment_required::operations(),
        permit2::operations(),
        price::operations(),
        requirements::operations(),
        settle_response::operations(),
        v1::operations(),
        version::operations(),
    ]
    .concat()
}
