//! The findings of the doctor in a frame set, with pictures, and mends.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::CONTENT_TYPE},
    web::{Data, Payload},
};
use assets_pipeline::doctor::{Finding, Mend};

use crate::{
    checks::{Check, Checks, Found},
    domain::frameset::{FramesetId, FramesetState},
    http::{
        auth::Artist,
        body,
        catalog::Catalog,
        private_scope::{secret, secret_json},
        problem::{Error, Failure},
        query::{self, NoQuery, clip},
        segment,
        wire::{checks as wire, framesets::Frameset, parameters as param, problems},
    },
    staging::Staging,
};

use super::framesets;

const EXAMPLE: &str = r#"{"mend": "leave-out", "revision": "the revision of the check"}"#;

/// The findings of the doctor
///
/// The first request starts the check of the current frames.
#[utoipa::path(
    get,
    path = "/api/framesets/{frameset}/check",
    operation_id = "checkFrameset",
    tag = "Frame sets",
    params(param::Frameset),
    responses(
        (status = 200, description = "The progress of the check, and its findings.", body = wire::Check),
        problems::Read,
        problems::NoSuchFrameset,
    ),
)]
pub(super) async fn show(
    _: NoQuery,
    _: Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
    checks: Data<Checks>,
) -> Result<HttpResponse, Failure> {
    let id = existing(&request, &catalog).await?;
    let check = checks.ask(&id).await?;
    Ok(secret_json(StatusCode::OK, &answer(&id, &check)?))
}

/// The picture of a finding
///
/// The answer waits for the end of the check.
#[utoipa::path(
    get,
    path = "/api/framesets/{frameset}/check/{finding}.webp",
    operation_id = "showEvidence",
    tag = "Frame sets",
    params(param::Frameset, param::Finding),
    responses(
        (status = 200, description = "The picture.", body = Vec<u8>, content_type = "image/webp"),
        problems::Read,
        problems::NoSuchEvidence,
    ),
)]
pub(super) async fn picture(
    _: NoQuery,
    _: Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
    checks: Data<Checks>,
) -> Result<HttpResponse, Failure> {
    let id = existing(&request, &catalog).await?;
    let number = segment(&request, "picture").strip_suffix(".webp").and_then(|number| number.parse().ok());
    let number: usize = number.ok_or(Error::NoSuchFile)?;
    let check = checks.wait(&id).await?;
    let Some(Found::Diagnosis(diagnosis)) = check.found() else { return Err(Error::NoSuchFile.into()) };
    let picture = diagnosis.findings.get(number).and_then(|finding| finding.evidence.clone());
    let picture = picture.ok_or(Error::NoSuchFile)?;
    Ok(secret(StatusCode::OK).insert_header((CONTENT_TYPE, "image/webp")).body(picture))
}

/// Apply a safe mend
///
/// One kind of mend, for all findings that offer it. It changes the frames that were checked and no others. Frames that are written anew
/// count as uploads do: for the quota of the key, and for what has to stay free on the disk.
#[utoipa::path(
    post,
    path = "/api/framesets/{frameset}/mend",
    operation_id = "mendFrameset",
    tag = "Frame sets",
    params(param::Frameset),
    request_body = wire::ApplyMend,
    responses(
        (status = 200, description = "The set.", body = Frameset),
        problems::WriteJson,
        problems::NoSuchFrameset,
        problems::NotMended,
        problems::TooMuchToMend,
        problems::BadMend,
    ),
)]
pub(super) async fn mend(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
    staging: Data<Staging>,
    checks: Data<Checks>,
) -> Result<HttpResponse, Failure> {
    let id = framesets::id(&request)?;
    let wire::ApplyMend { mend, revision } = body::read_json(&request, body, EXAMPLE).await?;
    let known = Mend::ALL.iter().copied().find(|known| known.as_str() == mend);
    let wanted = known.ok_or_else(|| {
        let words: Vec<_> = Mend::ALL.iter().map(|mend| mend.as_str()).collect();
        Error::BadField(format!("mend: \"{}\" is no mend: send {}", clip(&mend), query::one_of(&words)))
    })?;
    let revision =
        framesets::parse_revision(&revision, "the `revision` of the check whose findings are to be mended")?;
    if framesets::load(&catalog, &id).await?.state == FramesetState::Committed {
        return Err(Error::SetCommitted.into());
    }
    let mended = checks.mend(&id, revision, wanted, &caller.actor).await.map_err(Error::from);
    framesets::unless_deleted(&catalog.db, &staging, &id, mended).await?;
    framesets::answer(&catalog, &id).await
}

/// The frame set of the path, if there is one.
async fn existing(request: &HttpRequest, catalog: &Catalog) -> Result<FramesetId, Error> {
    let id = framesets::id(request)?;
    framesets::load(catalog, &id).await?;
    Ok(id)
}

fn answer(id: &FramesetId, check: &Check) -> Result<wire::Check, Error> {
    let (done, total) = check.progress();
    let revision = check.revision().to_string();
    let transparent = matches!(check.found(), Some(Found::Diagnosis(diagnosis)) if diagnosis.transparent);
    let state = |state| wire::Check { state, done, total, revision, transparent, findings: Vec::new() };
    let findings = match check.found() {
        None => return Ok(state(wire::CheckState::Running)),
        Some(Found::Nothing) => return Ok(state(wire::CheckState::Empty)),
        Some(Found::Diagnosis(diagnosis)) => diagnosis
            .findings
            .iter()
            .enumerate()
            .map(|(number, finding)| self::finding(id, number, finding))
            .collect(),
        Some(Found::Refused(refusal)) => vec![wire::Finding {
            id: 0,
            kind: refusal.slug(),
            severity: wire::Severity::Blocks,
            frames: refusal.file().into_iter().map(str::to_owned).collect(),
            message: refusal.to_string(),
            remedy: refusal.remedy(),
            evidence: None,
            mend: None,
            mend_label: None,
        }],
        Some(Found::Failed) => return Err(Error::CheckFailed),
    };
    Ok(wire::Check { done: total, findings, ..state(wire::CheckState::Done) })
}

fn finding(id: &FramesetId, number: usize, finding: &Finding) -> wire::Finding {
    wire::Finding {
        id: number,
        kind: finding.kind.as_str(),
        severity: finding.severity.into(),
        frames: finding.frames.clone(),
        message: finding.message.clone(),
        remedy: finding.remedy.clone(),
        evidence: finding.evidence.as_ref().map(|_| format!("/api/framesets/{id}/check/{number}.webp")),
        mend: finding.mend.map(Into::into),
        mend_label: finding.mend.map(|mend| label(mend, finding)),
    }
}

fn label(mend: Mend, finding: &Finding) -> String {
    match (mend, finding.frames.as_slice()) {
        (Mend::LeaveOut, [one]) => format!("Leave {one} out"),
        (Mend::LeaveOut, _) => "Leave them out".to_owned(),
        (Mend::Renumber, _) => "Close up the numbers".to_owned(),
        (Mend::EvenExposure, _) => "Even the exposure out".to_owned(),
    }
}
