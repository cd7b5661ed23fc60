//! Subscriptions: the x402 scheme `period`.

mod access;
mod app_access;
mod cancel;
mod permit;
mod terms;

use crate::operation::Operation;

pub(crate) fn operations() -> Vec<Operation> {
    [
        access::operations(),
        app_access::operations(),
        cancel::operations(),
        permit::operations(),
        terms::operations(),
    ]
    .concat()
}
