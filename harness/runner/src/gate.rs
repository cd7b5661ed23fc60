//! Where the handlers of paid routes wait for their check: what comes between a
//! payment and its answer is an event, and no guess at times.

use std::net::Ipv4Addr;

use axum::Router;
use axum::http::StatusCode;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A closed gate on loopback. Whoever asks it anything is answered when it
/// opens.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Where handlers ask.
    pub url: String,
    arrived: watch::Receiver<usize>,
    open: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl Gate {
    /// Listens on a port of its choice.
    ///
    /// # Errors
    /// Where there is no port.
    pub async fn set_up() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}/", listener.local_addr()?);
        let (arrivals, arrived) = watch::channel(0);
        let (open, opened) = watch::channel(false);
        let wait = move || async move {
            arrivals.send_modify(|arrived| *arrived += 1);
            let _ = opened.clone().wait_for(|open| *open).await;
            StatusCode::NO_CONTENT
        };
        let server = tokio::spawn(async move {
            // Ends with the gate, and not before.
            let _ = axum::serve(listener, Router::new().fallback(wait)).await;
        });
        Ok(Self { url, arrived, open, server })
    }

    /// How many handlers have come so far.
    pub fn arrived(&self) -> usize {
        *self.arrived.borrow()
    }

    /// Resolves when so many handlers have come.
    pub async fn have_come(&self, handlers: usize) {
        let _ = self.arrived.clone().wait_for(|arrived| *arrived >= handlers).await;
    }

    /// Lets everybody through from now on.
    pub fn open(&self) {
        self.open.send_replace(true);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.server.abort();
    }
}
