//! The exporter of traces, as configured.

use std::{num::NonZeroU32, time::Duration};

use crate::{
    config::{Config, TracesConfig},
    traces::{self, Exporter, Sampler, Settings, StartError},
};

/// The last spans have so long where the server does not drain at all.
const LEAST_FLUSH: Duration = Duration::from_secs(1);

/// Starts the exporter, if the settings name a collector.
pub(super) fn start(config: &Config) -> Result<Option<Exporter>, StartError> {
    let TracesConfig { ratio, max_per_second, timeout_ms, service, .. } = &config.traces;
    let Some(endpoint) = config.traces.url() else { return Ok(None) };
    let most = NonZeroU32::new(*max_per_second).unwrap_or(NonZeroU32::MIN);
    let exporter = traces::start(Settings {
        endpoint,
        authorization: config.traces.header(),
        timeout: Duration::from_millis(*timeout_ms),
        service: service.clone(),
        sampler: Sampler::new(*ratio, most),
    })?;
    tracing::info!(ratio, max_per_second, "traces are exported");
    Ok(Some(exporter))
}

/// Sends the last spans, in the time that the server may drain.
pub(super) async fn flush(exporter: Option<Exporter>, config: &Config) {
    if let Some(exporter) = exporter {
        exporter.flush(Duration::from_secs(config.server.drain_seconds).max(LEAST_FLUSH)).await;
    }
}
