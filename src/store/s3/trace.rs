//! `traceparent` on requests to the bucket.

use aws_sdk_s3::config::{
    ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeTransmitInterceptorContextMut,
};

use crate::{store::Cause, traces};

/// Says of each request which span it is part of. It is added after the request is signed: proxies may put their own in its place.
#[derive(Debug)]
pub(super) struct SendTrace;

impl Intercept for SendTrace {
    fn name(&self) -> &'static str {
        "SendTrace"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), Cause> {
        if let Some(trace) = traces::context() {
            context.request_mut().headers_mut().insert("traceparent", trace.to_string());
        }
        Ok(())
    }
}
