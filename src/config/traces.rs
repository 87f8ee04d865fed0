//! `[traces]`

use reqwest::{Url, header::HeaderValue};

use super::{
    problem::{Problem, check},
    secret::SecretText,
    setting::{Kind, count_from, section, whole},
    text::is_endpoint,
};

section! {
    /// Traces of requests and jobs, for a collector that takes OTLP over HTTP.
    "traces" TracesConfig {
        /// The collector's address; without a path, `/v1/traces` is added. Without it no trace is recorded.
        endpoint: Option<String> = None, Kind::Text, "\"http://127.0.0.1:4318\"";
        /// What the header `Authorization` says to the collector, with its scheme.
        authorization: Option<SecretText> = None, Kind::Secret, "\"Bearer SECRET\"";
        /// The name of this service in traces.
        service: String = "girasol".to_owned(), Kind::Text;
        /// Share of the requests that are recorded, from 0 (none) to 1 (all). Where one of `server.trusted_proxies` sends
        /// `traceparent`, its decision is taken in place of this; what other clients say of it is not.
        ratio: f64 = 0.01, Kind::Number { least: 0.0, most: 1.0 };
        /// Requests that are recorded in a second, at most, whatever decides.
        max_per_second: u32 = 100, count_from(1);
        /// Milliseconds that the collector has to answer. Spans that it does not take are dropped and counted.
        timeout_ms: u64 = 5000, whole(100, 60_000);
    }
}

impl TracesConfig {
    pub(super) fn validate(&self) -> Result<(), Problem> {
        let endpoint = self.endpoint.as_deref();
        check(
            endpoint.is_none_or(|endpoint| is_endpoint(endpoint) && self.url().is_some()),
            "traces.endpoint",
            "must be an address as http://127.0.0.1:4318, without credentials",
        )?;
        check(
            cfg!(feature = "cloud") || endpoint.is_none_or(|endpoint| endpoint.starts_with("http://")),
            "traces.endpoint",
            "needs TLS, which this build was made without (--no-default-features)",
        )?;
        check(
            self.authorization.is_none() || self.header().is_some(),
            "traces.authorization",
            "must be one line that a header can hold",
        )?;
        check(!self.service.trim().is_empty(), "traces.service", "must not be empty")
    }

    /// The collector's address, if there is one.
    pub fn url(&self) -> Option<Url> {
        self.endpoint.as_deref().and_then(|endpoint| endpoint.parse().ok())
    }

    /// What `Authorization` says, which no log shows.
    pub fn header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(self.authorization.as_ref()?.expose().trim()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_no_credentials() {
        let check = |endpoint: &str| {
            TracesConfig { endpoint: Some(endpoint.to_owned()), ..TracesConfig::default() }.validate()
        };
        for endpoint in ["http://127.0.0.1:4318", "http://collector:4318/v1/traces", "http://[::1]:4318/"] {
            assert_eq!(check(endpoint), Ok(()), "{endpoint}");
        }
        for endpoint in
            ["", "collector:4318", "http://", "http://user:secret@collector", "grpc://x", "http://a b"]
        {
            assert!(check(endpoint).is_err(), "{endpoint}");
        }
    }

    #[test]
    fn a_token_is_one_line_and_not_shown() {
        let with = |text: &str| TracesConfig {
            authorization: Some(text.to_owned().into()),
            ..TracesConfig::default()
        };
        assert_eq!(with("Bearer x1y2").validate(), Ok(()));
        assert!(with("Bearer x\ny").validate().is_err());
        assert!(!format!("{:?} {:?}", with("Bearer x1y2"), with("Bearer x1y2").header()).contains("x1y2"));
    }
}
