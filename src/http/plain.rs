//! Answers to spellings that are not plain: whichever address they reach, no cache stores them.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};

use crate::domain::spelling::{is_plain_path, is_plain_query};

use super::private_scope::forbid_storing;

/// Forbids every cache to store the answer where the request's target is not plain. It stands before all routes, so that
/// it holds for every address and method, known or not.
pub async fn store_plain_alone<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let is_plain = is_plain_path(request.uri().path()) && is_plain_query(request.uri().query());
    let mut response = next.call(request).await?;
    if !is_plain {
        forbid_storing(response.headers_mut());
    }
    Ok(response)
}
