//! Exports: everything of a kind as a file, streamed.

use std::time::{Duration, Instant};

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    web::Bytes,
};
use futures_util::{Stream, TryStreamExt as _, stream};

use super::{
    admission,
    auth::Standing,
    gate,
    private_scope::secret,
    problem::{Error, Failure},
    query, spreadsheet,
};

/// How often it is looked whether the client may still see what is exported.
const CHECK_EVERY: Duration = Duration::from_secs(5);

/// The format of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExportFormat {
    /// JSON: what of it is an address's own matter.
    Json,
    /// An object a line.
    Ndjson,
    /// For a spreadsheet.
    Csv,
}

impl ExportFormat {
    /// Reads the value of a key of a query.
    pub(super) fn parse(key: &str, value: &str) -> Result<Self, Error> {
        match value {
            "json" => Ok(Self::Json),
            "ndjson" => Ok(Self::Ndjson),
            "csv" => Ok(Self::Csv),
            _ => Err(query::no_such_value(key, value, "one of json, ndjson, csv")),
        }
    }

    /// Answers with a file of this name, page by page. Its last page never comes to a client whose key is revoked meanwhile.
    pub(super) async fn stream(
        self,
        request: &HttpRequest,
        name: &str,
        pages: impl Stream<Item = Result<Bytes, Error>> + 'static,
    ) -> Result<HttpResponse, Failure> {
        let turn = admission::export(request).await?;
        let pages = while_it_stands(Standing::of(request)?, pages);
        Ok(self.file(name).streaming(gate::during(turn, pages)))
    }

    /// The head of an answer that browsers save as a file of this name.
    fn file(self, name: &str) -> HttpResponseBuilder {
        let (media_type, extension) = match self {
            Self::Json => ("application/json", "json"),
            Self::Ndjson => ("application/x-ndjson", "ndjson"),
            Self::Csv => (spreadsheet::MEDIA_TYPE, "csv"),
        };
        let disposition = format!("attachment; filename=\"{name}.{extension}\"");
        let mut response = secret(StatusCode::OK);
        response.insert_header((CONTENT_TYPE, media_type)).insert_header((CONTENT_DISPOSITION, disposition));
        response
    }
}

/// The same pages, or an error in place of the next one.
fn while_it_stands(
    standing: Standing,
    pages: impl Stream<Item = Result<Bytes, Error>>,
) -> impl Stream<Item = Result<Bytes, Error>> {
    let state = (Box::pin(pages), standing, Instant::now());
    stream::try_unfold(state, |(mut pages, standing, mut checked)| async move {
        if checked.elapsed() >= CHECK_EVERY {
            if standing.is_over().await {
                return Err(Error::KeyRefused);
            }
            checked = Instant::now();
        }
        Ok(pages.try_next().await?.map(|page| (page, (pages, standing, checked))))
    })
}
