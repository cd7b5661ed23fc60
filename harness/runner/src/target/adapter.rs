//! The adapter's own routes.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::TargetError;
use crate::http::{Client, Sent};
use conform402_wire::adapter::{
    EVALUATIONS, Evaluated, Evaluation, Evaluations, IDENTITY, Identity, MERCHANT, MOUNTS,
    MerchantOrder, Mount, Mounting, REACHED, Reached, VERSION,
};

/// An adapter that listens.
#[derive(Debug)]
pub(crate) struct Adapter {
    client: Client,
    url: String,
}

impl Adapter {
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Asks which faults requests have reached so far.
    pub async fn reached(&self) -> Result<Reached, TargetError> {
        let sent =
            Sent { method: "GET".into(), url: self.url.clone() + REACHED, ..Sent::default() };
        self.ask(REACHED, sent).await
    }

    /// Asks the target who it is.
    pub async fn identity(&self) -> Result<Identity, TargetError> {
        let sent =
            Sent { method: "GET".into(), url: self.url.clone() + IDENTITY, ..Sent::default() };
        let value: Value = self.ask(IDENTITY, sent).await?;
        let contract = value["contract"].as_u64();
        if contract != Some(u64::from(VERSION)) {
            let reason = format!("speaks contract {}, this harness {VERSION}", value["contract"]);
            return Err(TargetError::Contract { route: IDENTITY, reason });
        }
        serde_json::from_value(value)
            .map_err(|error| TargetError::Contract { route: IDENTITY, reason: error.to_string() })
    }

    /// Has the target serve offers.
    pub async fn mount(&self, mount: &Mount) -> Result<Mounting, TargetError> {
        self.order(MOUNTS, mount).await
    }

    /// Has the merchant act of its own accord.
    pub async fn merchant(&self, order: &MerchantOrder) -> Result<Evaluation, TargetError> {
        self.order(MERCHANT, order).await
    }

    /// Has the target evaluate an operation; the answer has a result an input.
    pub async fn evaluate(&self, order: &Evaluations) -> Result<Vec<Evaluation>, TargetError> {
        let Evaluated { results } = self.order(EVALUATIONS, order).await?;
        let (asked, answered) = (order.inputs.len(), results.len());
        if asked == answered {
            return Ok(results);
        }
        let reason = format!("answered with {answered} results, asked for {asked}");
        Err(TargetError::Contract { route: EVALUATIONS, reason })
    }

    async fn order<T: DeserializeOwned>(
        &self,
        route: &'static str,
        order: &impl Serialize,
    ) -> Result<T, TargetError> {
        let body = serde_json::to_string(order)
            .map_err(|error| TargetError::Contract { route, reason: error.to_string() })?;
        let sent = Sent {
            method: "POST".into(),
            url: self.url.clone() + route,
            headers: vec![("content-type".into(), "application/json".into())],
            body,
        };
        self.ask(route, sent).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        route: &'static str,
        sent: Sent,
    ) -> Result<T, TargetError> {
        let broken = |reason: String| TargetError::Contract { route, reason };
        let unanswered = |reason| TargetError::NoAnswer { route, reason };
        let answer = self.client.send(&sent).await.map_err(unanswered)?;
        let excerpt: String = answer.body.chars().take(300).collect();
        if !(200..300).contains(&answer.status) {
            return Err(broken(format!("answered {}: {excerpt}", answer.status)));
        }
        serde_json::from_str(&answer.body)
            .map_err(|error| broken(format!("{error} in the answer {excerpt:?}")))
    }
}
