//! The end of a server: while it drains, every answer tells its client to close the connection.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::ConnectionType,
    middleware::Next,
    web::Data,
};

/// Whether the server is about to end, and how many requests it has been sent.
#[derive(Debug, Default)]
pub struct Draining {
    has_begun: AtomicBool,
    requests: AtomicU64,
}

impl Draining {
    /// From now on every answer ends its connection.
    pub fn begin(&self) {
        self.has_begun.store(true, Ordering::Relaxed);
    }

    /// Whether answers end their connections.
    pub fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::Relaxed)
    }

    /// Counts a request.
    pub(super) fn count(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests so far.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

/// Ends connections with their next answer while the server drains: a client that gets such an answer sends nothing more on
/// the connection, so that no request of its is lost when the server closes it (RFC 9112, section 9.6).
pub async fn close_while_draining<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let draining = request.app_data::<Data<Draining>>().cloned();
    if let Some(draining) = &draining {
        draining.count();
    }
    let mut response = next.call(request).await?;
    if draining.is_some_and(|draining| draining.has_begun()) {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}
