//! Errors as clients see them: problem details (RFC 9457).

mod error;
mod from;
mod kinds;

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    body::BoxBody,
    http::{
        StatusCode,
        header::{ACCEPT_ENCODING, ALLOW, CONTENT_RANGE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};

use crate::domain::{import::Fault, limit::whole_seconds};

use super::{
    caching::{Caching, answer},
    scope::Scope,
    wire,
};

pub use self::kinds::Kind;

pub(crate) use self::error::Error;

/// Every kind of problem that the API answers with, by status.
pub fn problems() -> &'static [Kind] {
    kinds::ALL
}

/// An error and the scope of its address, which decides the tags and `Vary` of the answer.
#[derive(Debug)]
pub(crate) struct Failure {
    error: Error,
    scope: Scope,
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { error: error.into(), scope: Scope::default() }
    }
}

impl Failure {
    /// Whether an object is missing that a version has, or had.
    pub(in crate::http) const fn is_absence(&self) -> bool {
        self.error.is_absence()
    }
}

/// Gives a failure the scope of its address.
pub(crate) trait At<T> {
    /// Attaches the scope.
    fn at(self, scope: &Scope) -> Result<T, Failure>;
}

impl<T, E: Into<Error>> At<T> for Result<T, E> {
    fn at(self, scope: &Scope) -> Result<T, Failure> {
        self.map_err(|error| Failure { error: error.into(), scope: scope.clone() })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        self.error.kind().status()
    }

    /// Called once for each failed request, which makes it the place to log failures.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        let kind = self.error.kind();
        let (status, slug) = (kind.status(), kind.slug);
        if self.error.is_for_operators() {
            let error: &dyn std::error::Error = &self.error;
            tracing::error!(error, problem = slug, "a request failed");
        }
        // A tag would tell that a protected configuration exists.
        let nothing = Scope::default();
        let scope =
            if let Error::Protected | Error::NoSuchPath = self.error { &nothing } else { &self.scope };
        // Addresses that do not exist have no end, and what one is depends on how its path is read.
        let caching = match self.error {
            Error::NoSuchPath => Caching::Private,
            _ => Caching::Error(status),
        };
        let mut response = answer(status, caching, scope);
        if let Error::WrongMethod(allowed) = &self.error {
            response.insert_header((ALLOW, &**allowed));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.insert_header((WWW_AUTHENTICATE, "Bearer realm=\"Girasol\""));
        }
        if let Error::UnsupportedTusVersion = &self.error {
            response.insert_header(("tus-version", "1.0.0"));
        }
        if let Error::CheckRunning { .. } = &self.error {
            response.insert_header((RETRY_AFTER, "5"));
        }
        if let Error::TooManyRequests(wait) = &self.error {
            response.insert_header((RETRY_AFTER, whole_seconds(*wait).max(1).to_string()));
        }
        if let Error::Overloaded = &self.error {
            response.insert_header((RETRY_AFTER, "2"));
        }
        // The codings that the server accepts (RFC 9110, section 12.5.3).
        if let Error::BodyEncoded = &self.error {
            response.insert_header((ACCEPT_ENCODING, "identity"));
        }
        if let Error::RangeOutside { length } = &self.error {
            response.insert_header((CONTENT_RANGE, format!("bytes */{length}")));
        }
        let problem = wire::problems::Problem {
            r#type: format!("urn:problem-type:girasol:{slug}"),
            title: kind.title,
            status: status.as_u16(),
            detail: self.error.detail(),
            faults: match &self.error {
                Error::BadProduct(faults) => Some(
                    faults
                        .iter()
                        .cloned()
                        .map(|Fault { at, message }| wire::problems::Fault { at, message })
                        .collect(),
                ),
                _ => None,
            },
            new_choices: match &self.error {
                Error::NewChoices(new) => Some(new.iter().map(wire::problems::NewChoice::from).collect()),
                _ => None,
            },
        };
        response.content_type("application/problem+json").body(wire::to_json(&problem))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;

    use super::*;

    async fn body(error: Error) -> String {
        let response = Failure::from(error).error_response();
        String::from_utf8(to_bytes(response.into_body()).await.unwrap().to_vec()).unwrap()
    }

    #[actix_web::test]
    async fn a_client_error_says_what_is_wrong() {
        let json = body(Error::BadQuery("tier=ultra is unknown".to_owned())).await;
        let expected = r#"{"type":"urn:problem-type:girasol:bad-query","title":"Unknown query key or value","status":400,"detail":"tier=ultra is unknown"}"#;
        assert_eq!(json, expected);
    }

    #[actix_web::test]
    async fn a_server_error_says_nothing_of_the_inside() {
        let json =
            body(Error::ObjectDamaged("p/00000000000000000000000000000000.pack".parse().unwrap())).await;
        let expected =
            r#"{"type":"urn:problem-type:girasol:internal","title":"Internal server error","status":500}"#;
        assert_eq!(json, expected);
    }
}
