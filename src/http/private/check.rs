//! The findings of the doctor in a frame set, with pictures, and mends.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::CONTENT_TYPE},
    web::{Data, Payload},
};
use assets_pipeline::doctor::{Finding, Mend};
use serde::{Deserialize, Serialize};

use crate::{
    checks::{Check, Checks, Found},
    domain::frameset::{FramesetId, FramesetState},
    http::{
        auth::Artist,
        body,
        catalog::Catalog,
        private_scope::{secret, secret_json},
        problem::{Error, Failure},
        query::NoQuery,
        segment,
    },
};

use super::framesets;

const EXAMPLE: &str = r#"{"mend": "leave-out"}"#;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MendBody {
    mend: String,
}

#[derive(Serialize)]
struct CheckAnswer<'a> {
    state: &'static str,
    done: usize,
    total: usize,
    findings: Vec<FindingAnswer<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FindingAnswer<'a> {
    id: usize,
    kind: &'static str,
    severity: &'static str,
    frames: Vec<&'a str>,
    message: String,
    remedy: String,
    evidence: Option<String>,
    mend: Option<&'static str>,
    mend_label: Option<String>,
}

/// `GET /api/framesets/{id}/check`: the progress of the check of the current frames, and its findings. The first request
/// starts the check.
pub(super) async fn show(
    _: NoQuery,
    _: Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
    checks: Data<Checks>,
) -> Result<HttpResponse, Failure> {
    let id = framesets::id(&request)?;
    framesets::load(&catalog, &id).await?;
    let check = checks.ask(&id).await?;
    Ok(secret_json(StatusCode::OK, &answer(&id, check.as_deref())?))
}

/// `GET /api/framesets/{id}/check/{finding}.webp`: the picture of a finding.
pub(super) async fn picture(
    _: NoQuery,
    _: Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
    checks: Data<Checks>,
) -> Result<HttpResponse, Failure> {
    let id = framesets::id(&request)?;
    framesets::load(&catalog, &id).await?;
    let number = segment(&request, "picture").strip_suffix(".webp").and_then(|number| number.parse().ok());
    let number: usize = number.ok_or(Error::NoSuchFile)?;
    let check = checks.wait(&id).await?.ok_or(Error::NoSuchFile)?;
    let Some(Found::Diagnosis(diagnosis)) = check.found() else { return Err(Error::NoSuchFile.into()) };
    let picture = diagnosis.findings.get(number).and_then(|finding| finding.evidence.clone());
    let picture = picture.ok_or(Error::NoSuchFile)?;
    Ok(secret(StatusCode::OK).insert_header((CONTENT_TYPE, "image/webp")).body(picture))
}

/// `POST /api/framesets/{id}/mend`: applies one kind of mend to all findings that offer it.
pub(super) async fn mend(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
    checks: Data<Checks>,
) -> Result<HttpResponse, Failure> {
    let id = framesets::id(&request)?;
    let MendBody { mend } = body::read_json(&request, body, EXAMPLE).await?;
    let known = Mend::ALL.iter().copied().find(|known| known.as_str() == mend);
    let wanted = known.ok_or_else(|| {
        let words: Vec<_> = Mend::ALL.iter().map(|mend| mend.as_str()).collect();
        Error::BadField(format!("mend: one of {}", words.join(", ")))
    })?;
    if framesets::load(&catalog, &id).await?.state == FramesetState::Committed {
        return Err(Error::SetCommitted.into());
    }
    framesets::changed(checks.mend(&id, wanted, &caller.actor).await?, 0)?;
    framesets::answer(&catalog, &id).await
}

fn answer<'a>(id: &FramesetId, check: Option<&'a Check>) -> Result<CheckAnswer<'a>, Error> {
    let Some(check) = check else {
        return Ok(CheckAnswer { state: "empty", done: 0, total: 0, findings: Vec::new() });
    };
    let (done, total) = check.progress();
    let findings = match check.found() {
        None => return Ok(CheckAnswer { state: "running", done, total, findings: Vec::new() }),
        Some(Found::Diagnosis(diagnosis)) => diagnosis
            .findings
            .iter()
            .enumerate()
            .map(|(number, finding)| self::finding(id, number, finding))
            .collect(),
        Some(Found::Refused(refusal)) => vec![FindingAnswer {
            id: 0,
            kind: refusal.slug(),
            severity: "blocks",
            frames: refusal.file().into_iter().collect(),
            message: refusal.to_string(),
            remedy: refusal.remedy(),
            evidence: None,
            mend: None,
            mend_label: None,
        }],
        Some(Found::Failed) => return Err(Error::CheckFailed),
    };
    Ok(CheckAnswer { state: "done", done: total, total, findings })
}

fn finding<'a>(id: &FramesetId, number: usize, finding: &'a Finding) -> FindingAnswer<'a> {
    FindingAnswer {
        id: number,
        kind: finding.kind.as_str(),
        severity: finding.severity.as_str(),
        frames: finding.frames.iter().map(String::as_str).collect(),
        message: finding.message.clone(),
        remedy: finding.remedy.clone(),
        evidence: finding.evidence.as_ref().map(|_| format!("/api/framesets/{id}/check/{number}.webp")),
        mend: finding.mend.map(Mend::as_str),
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
