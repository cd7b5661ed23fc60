//! The adapter's routes (`targets/adapter.openapi.yaml`).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use conform402_vectors::{catalogue, operation};
use conform402_wire::Profile;
use conform402_wire::adapter::{
    Capability, EVALUATIONS, Evaluated, Evaluation, Evaluations, FaultInfo, IDENTITY, Identity,
    MERCHANT, MOUNTS, MerchantOrder, Mount, Mounting, REACHED, Reached, VERSION,
};
use serde_json::Value;

use crate::fault;
use crate::seller;
use crate::shop::Shop;

pub fn router(shop: Arc<Shop>) -> Router {
    Router::new()
        .route(IDENTITY, get(identity))
        .route(MOUNTS, post(mount))
        .route(MERCHANT, post(merchant))
        .route(REACHED, get(reached))
        .route(EVALUATIONS, post(evaluate))
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
            Capability::Session,
            Capability::SessionHash,
            Capability::SessionSplits,
            Capability::SessionFeePayer,
            Capability::SessionSettle,
            Capability::SessionClose,
            Capability::SessionStatus,
            Capability::SessionDurableStore,
            Capability::IetfSession,
            Capability::IetfSessionAuthorization,
            Capability::IetfSessionPermit2,
            Capability::IetfSessionStream,
            Capability::ExternalId,
            Capability::BodyDigest,
            Capability::SeveralChallenges,
            Capability::Description,
        ],
        operations: catalogue().iter().map(|operation| operation.name.to_owned()).collect(),
        faults: fault::catalogue().map(info).collect(),
    })
}

async fn mount(State(shop): State<Arc<Shop>>, Json(mount): Json<Mount>) -> Json<Mounting> {
    Json(shop.mount(mount))
}

async fn reached(State(shop): State<Arc<Shop>>) -> Json<Reached> {
    Json(shop.reached())
}

async fn merchant(
    State(shop): State<Arc<Shop>>,
    Json(order): Json<MerchantOrder>,
) -> Json<Evaluation> {
    Json(seller::act(&shop, &order).await)
}

/// The operations of the vectors, through the crate that also writes these:
/// that they are right is shown by other languages, and here only that the
/// harness tells a right answer from a wrong one.
async fn evaluate(Json(order): Json<Evaluations>) -> Result<Json<Evaluated>, StatusCode> {
    let operation = operation(&order.operation).ok_or(StatusCode::NOT_FOUND)?;
    let bug = match &order.fault {
        None => None,
        Some(flag) => Some(operation.bugs().remove(flag).ok_or(StatusCode::NOT_FOUND)?),
    };
    let evaluate = |input: &Value| {
        let evaluation = match &bug {
            None => operation.evaluate(input),
            Some(bug) => bug.evaluate(&operation, input),
        };
        match evaluation.outcome {
            Ok(output) => Evaluation::Output(output),
            Err(refusal) => Evaluation::Refusal(refusal.0),
        }
    };
    Ok(Json(Evaluated { results: order.inputs.iter().map(evaluate).collect() }))
}

async fn sell(
    State(shop): State<Arc<Shop>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(route) = shop.route(uri.path()) else { return crate::answer::not_found() };
    // A payer that hangs up does not stop what it set going: money moves.
    let serving =
        tokio::spawn(async move { seller::serve(&shop, &route, &method, &headers, &body).await });
    serving.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}
