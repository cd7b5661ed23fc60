//! The adapter's routes (`targets/adapter.openapi.yaml`).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use conform402_wire::adapter::{
    Capability, FaultInfo, IDENTITY, Identity, MOUNTS, Mount, Mounting, VERSION,
};
use conform402_wire::sa::code::Profile;

use crate::fault;
use crate::seller;
use crate::shop::Shop;

pub fn router(shop: Arc<Shop>) -> Router {
    Router::new()
        .route(IDENTITY, get(identity))
        .route(MOUNTS, post(mount))
        .fallback(sell)
        .with_state(shop)
}

async fn identity() -> Json<Identity> {
    let info = |fault: &fault::Fault| FaultInfo {
        name: fault.name.to_owned(),
        summary: fault.summary.to_owned(),
    };
    Json(Identity {
        contract: VERSION,
        name: "reference".to_owned(),
        sdk: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        language: "rust".to_owned(),
        profiles: Profile::ALL.to_vec(),
        capabilities: vec![
            Capability::Charge,
            Capability::ChargeHash,
            Capability::ChargeSplits,
            Capability::ChargeFeePayer,
            Capability::ExternalId,
            Capability::BodyDigest,
            Capability::SeveralChallenges,
            Capability::Description,
        ],
        faults: fault::catalogue().map(info).collect(),
    })
}

async fn mount(State(shop): State<Arc<Shop>>, Json(mount): Json<Mount>) -> Json<Mounting> {
    shop.mount(mount);
    Json(Mounting::default())
}

async fn sell(
    State(shop): State<Arc<Shop>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match shop.route(uri.path()) {
        Some(route) => seller::serve(&shop, &route, &method, &headers, &body).await,
        None => crate::answer::not_found(),
    }
}
