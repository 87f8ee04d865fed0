//! Demand: configurations that clients asked for and that have no spin.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    web::Data,
};

use crate::http::{
    auth::Artist,
    catalog::Catalog,
    private_scope::{secret, secret_json},
    problem::Failure,
    query, spreadsheet,
    wire::{
        parameters as param, problems,
        products::{self, Wanted},
    },
};

/// The most configurations in an answer.
const LISTED: u32 = 500;

/// Configurations without a spin, the most wanted first
#[utoipa::path(
    get,
    path = "/api/demand",
    operation_id = "showDemand",
    tag = "Products",
    params(param::DemandFormat),
    responses(
        (
            status = 200,
            description = "At most 500.",
            content((products::Demand = "application/json"), (String = "text/csv")),
        ),
        problems::Read,
    ),
)]
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
            ("format", _) => return Err(query::no_such_value(key, value, "json or csv").into()),
            _ => return Err(query::no_such_key(key, &["format"]).into()),
        }
    }
    let demand = catalog.db.for_reports().demand(LISTED).await?;
    let wanted = demand.into_iter().map(Wanted::from);
    if !as_csv {
        return Ok(secret_json(StatusCode::OK, &products::Demand { wanted: wanted.collect() }));
    }
    let mut text = b"configuration,product,choices,asked,last\n".to_vec();
    let row = |Wanted { configuration, product, choices, asked, last }: Wanted| {
        let choices: Vec<String> =
            choices.iter().map(|(option, choice)| format!("{option}: {choice}")).collect();
        [
            configuration.to_string(),
            product.to_string(),
            choices.join(", "),
            asked.to_string(),
            last.to_string(),
        ]
    };
    spreadsheet::write(&mut text, wanted.map(row))?;
    Ok(secret(StatusCode::OK)
        .insert_header((CONTENT_TYPE, spreadsheet::MEDIA_TYPE))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"demand.csv\""))
        .body(text))
}
