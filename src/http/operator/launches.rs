//! Launches: what is planned, and plans.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};

use crate::{
    db::launches::{MOST_LAUNCHES, Planning},
    domain::{alerts::WrittenLaunch, launch_report::LaunchReport},
    http::{
        auth::{Admin, Observer},
        body,
        catalog::Catalog,
        private_scope::secret_json,
        problem::{Error, Failure},
        query::NoQuery,
        segment,
        wire::{
            launches::{LaunchList, LaunchReports, LaunchRequest},
            parameters as param, problems,
        },
    },
    launches::Launches,
};

const EXAMPLE: &str =
    r#"{"name": "autumn sale", "from": "2026-11-27T06:00:00+01:00", "to": "2026-11-30T23:59:00+01:00"}"#;

/// List launches
///
/// For the role `metrics`. Those of the settings, and those that were planned while servers ran.
#[utoipa::path(
    get,
    path = "/api/launches",
    operation_id = "listLaunches",
    tag = "Operation",
    security(("bearer" = ["metrics"]), ("session" = ["metrics"])),
    responses(
        (status = 200, description = "Launches, the earliest first.", body = LaunchList),
        problems::Read,
    ),
)]
pub(super) async fn list(
    _: NoQuery,
    _: Observer,
    launches: Data<Launches>,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    launches.refresh().await?;
    Ok(answer(&launches, &catalog))
}

fn answer(launches: &Launches, catalog: &Catalog) -> HttpResponse {
    secret_json(StatusCode::OK, &LaunchList::of(launches.known(), catalog.db.now_ms()))
}

/// Reports of launches that are over
///
/// For the role `metrics`. A report is made some minutes after a launch is over: what was asked and answered, what visitors had,
/// beside the same hours of earlier weeks, and which alerts fired.
#[utoipa::path(
    get,
    path = "/api/launches/reports",
    operation_id = "listLaunchReports",
    tag = "Operation",
    security(("bearer" = ["metrics"]), ("session" = ["metrics"])),
    responses(
        (status = 200, description = "Reports, that of the newest launch first.", body = LaunchReports),
        problems::Read,
    ),
)]
pub(super) async fn reports(
    _: NoQuery,
    _: Observer,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let reports = catalog.db.for_reports().launch_reports().await?;
    Ok(secret_json(StatusCode::OK, &LaunchReports::of(reports)))
}

/// Plan a launch
///
/// For admins. Every server knows it within a few seconds, and does for it what it does for those of the settings.
#[utoipa::path(
    post,
    path = "/api/launches",
    operation_id = "planLaunch",
    tag = "Operation",
    request_body = LaunchRequest,
    responses(
        (status = 200, description = "Launches, the earliest first.", body = LaunchList),
        problems::WriteJson,
        problems::BadField,
    ),
)]
pub(super) async fn plan(
    _: NoQuery,
    Admin(caller): Admin,
    request: HttpRequest,
    body: Payload,
    launches: Data<Launches>,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let wanted: LaunchRequest = body::read_json(&request, body, EXAMPLE).await?;
    let launch = WrittenLaunch::from(wanted).launch();
    let launch = launch.map_err(|bad| Error::BadField(format!("the launch: {bad}")))?;
    match launches.plan(&launch, &caller.actor).await? {
        Planning::Planned => Ok(answer(&launches, &catalog)),
        Planning::Bad(bad) => Err(Error::BadField(format!("the launch: {bad}")).into()),
        Planning::NameTaken => Err(Error::BadField("name: another launch has this name".to_owned()).into()),
        Planning::TooMany => {
            let rule = format!("there are {MOST_LAUNCHES} launches: remove one that is over");
            Err(Error::BadField(rule).into())
        }
    }
}

/// Remove a launch
///
/// For admins. One that is on ends at once, and has no report. Those of the settings are removed there.
#[utoipa::path(
    delete,
    path = "/api/launches/{launch}",
    operation_id = "removeLaunch",
    tag = "Operation",
    params(param::Launch),
    responses(
        (status = 200, description = "Launches, the earliest first.", body = LaunchList),
        problems::Write,
        problems::NoSuchLaunch,
    ),
)]
pub(super) async fn remove(
    _: NoQuery,
    Admin(caller): Admin,
    request: HttpRequest,
    launches: Data<Launches>,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let id: i64 = segment(&request, "launch").parse().map_err(|_other| Error::NoSuchLaunch)?;
    if !launches.remove(id, &caller.actor).await? {
        return Err(Error::NoSuchLaunch.into());
    }
    Ok(answer(&launches, &catalog))
}

/// Reports as `GET /api/launches/reports` answers them.
pub fn launch_reports_json(reports: Vec<LaunchReport>) -> String {
    serde_json::json!(LaunchReports::of(reports)).to_string()
}
