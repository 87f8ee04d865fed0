//! Demand: configurations that clients asked for and that have no spin.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    web::Data,
};
use serde::Serialize;

use crate::{
    db::products::Demand,
    domain::names::Choices,
    http::{
        auth::Artist,
        catalog::Catalog,
        private_scope::{secret, secret_json},
        problem::Failure,
        query, spreadsheet,
        timestamp::Timestamp,
    },
};

/// The most configurations in an answer.
const LISTED: u32 = 500;

#[derive(Serialize)]
struct DemandAnswer {
    wanted: Vec<Wanted>,
}

#[derive(Serialize)]
struct Wanted {
    configuration: String,
    product: String,
    choices: Choices,
    /// How many times.
    asked: i64,
    last: Timestamp,
}

impl From<Demand> for Wanted {
    fn from(demand: Demand) -> Self {
        Self {
            product: demand.configuration.product().to_string(),
            configuration: demand.configuration.to_string(),
            choices: demand.choices,
            asked: demand.asked,
            last: Timestamp(demand.last_at_ms),
        }
    }
}

/// `GET /api/demand?format=json|csv`: configurations without a spin, the most wanted first.
pub(super) async fn list(
    _: Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let mut as_csv = false;
    for (key, value) in query::pairs(request.query_string())? {
        as_csv = match (key, value) {
            ("format", "json") => false,
            ("format", "csv") => true,
            ("format", _) => return Err(query::no_such_value(key, value).into()),
            _ => return Err(query::no_such_key(key).into()),
        }
    }
    let demand = catalog.db.demand(LISTED).await?;
    let wanted = demand.into_iter().map(Wanted::from);
    if !as_csv {
        return Ok(secret_json(StatusCode::OK, &DemandAnswer { wanted: wanted.collect() }));
    }
    let mut text = b"configuration,product,choices,asked,last\n".to_vec();
    let row = |Wanted { configuration, product, choices, asked, last }: Wanted| {
        let choices: Vec<String> =
            choices.iter().map(|(option, choice)| format!("{option}: {choice}")).collect();
        [configuration, product, choices.join(", "), asked.to_string(), last.to_string()]
    };
    spreadsheet::write(&mut text, wanted.map(row))?;
    Ok(secret(StatusCode::OK)
        .insert_header((CONTENT_TYPE, spreadsheet::MEDIA_TYPE))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"demand.csv\""))
        .body(text))
}
