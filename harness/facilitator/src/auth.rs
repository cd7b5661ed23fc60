//! The `OK-ACCESS-*` headers.

use std::fmt;

use conform402_wire::{sa::auth, timestamp};
use wiremock::Request;

/// What a seller authenticates with. Its secrets are shown nowhere.
#[derive(Clone)]
pub struct ApiCredentials {
    /// `OK-ACCESS-KEY`.
    pub key: String,
    /// Signs requests.
    pub secret: String,
    /// `OK-ACCESS-PASSPHRASE`.
    pub passphrase: String,
}

impl fmt::Debug for ApiCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiCredentials").field("key", &self.key).finish_non_exhaustive()
    }
}

/// The headers of one request, and what they sign.
pub(crate) struct Presented {
    key: String,
    signature: String,
    timestamp: String,
    passphrase: String,
    method: String,
    path: String,
    body: Vec<u8>,
}

impl Presented {
    pub(crate) fn of(request: &Request) -> Self {
        let header = |name: &str| {
            let value = request.headers.get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Self {
            key: header(auth::KEY),
            signature: header(auth::SIGN),
            timestamp: header(auth::TIMESTAMP),
            passphrase: header(auth::PASSPHRASE),
            method: request.method.to_string(),
            path: format!("{}{query}", request.url.path()),
            body: request.body.clone(),
        }
    }

    /// Seconds and milliseconds are both in use, so the signature is verified
    /// over the timestamp as it was written.
    pub(crate) fn is_valid(&self, credentials: &ApiCredentials) -> bool {
        let expected =
            auth::sign(&credentials.secret, &self.timestamp, &self.method, &self.path, &self.body);
        timestamp::parse(&self.timestamp).is_ok()
            && self.key == credentials.key
            && self.passphrase == credentials.passphrase
            && self.signature == expected
    }
}
