//! Frames that artists send to the bucket directly: signed addresses and credentials for sending them, and fetching them.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::json;

use crate::{
    checks::Checks,
    db::now_ms,
    domain::{
        audit::Action,
        frameset::{FileName, FramesetId, FramesetState, UploadLimits},
    },
    http::{
        auth::Artist,
        body,
        catalog::Catalog,
        private_scope::secret_json,
        problem::{Error, Failure},
        query::NoQuery,
        wire::{bucket as wire, parameters as param, problems, timestamp::Timestamp},
    },
    staging::{
        Inbox, Presigned, Scoped, Staging,
        fetch::{self, Parameters, Requester},
    },
};

use super::{
    complete::commit_if_complete,
    framesets::{id, load},
};

/// How long a signed address is valid: enough for a file over a slow line; a client can ask for another.
const PRESIGNED_FOR: Duration = Duration::from_hours(1);
/// Enough for a thousand files with their checksums.
const MAX_BODY_BYTES: usize = 512 * 1024;
/// How long a request fetches before it answers: shorter than the timeouts of common proxies.
const FETCHES_FOR: Duration = Duration::from_secs(20);

const EXAMPLE: &str = r#"{"files": [{"name": "001.png", "bytes": 1048576}]}"#;

/// A file that a client wants to send to the bucket.
struct Announced {
    name: FileName,
    bytes: u64,
    sha256: Option<[u8; 32]>,
}

impl wire::Presign {
    fn parse(self, limits: &UploadLimits) -> Result<Vec<Announced>, Error> {
        let files = self.files.len();
        if files > limits.set_max_files as usize {
            return Err(Error::TooManyFiles(limits.set_max_files));
        }
        let announced = self.files.into_iter().map(|file| file.parse(limits));
        let announced: Vec<_> = announced.collect::<Result<_, _>>()?;
        let names: HashSet<_> = announced.iter().map(|file| &file.name).collect();
        if announced.is_empty() || names.len() < files {
            return Err(Error::BadField("files: one at least, and each name once".to_owned()));
        }
        Ok(announced)
    }
}

impl wire::PresignFile {
    fn parse(self, limits: &UploadLimits) -> Result<Announced, Error> {
        let Self { name, bytes, sha256 } = self;
        let name: FileName =
            name.parse().map_err(|error| Error::BadField(format!("files: {name:?}: {error}")))?;
        let max_bytes = limits.max_bytes(&name);
        if bytes > max_bytes {
            return Err(Error::FileTooLarge(max_bytes));
        }
        let digest = |text: String| BASE64_STANDARD.decode(text).ok()?.try_into().ok();
        let bad = || Error::BadField(format!("files: {name}: sha256 is 32 bytes in base64"));
        let sha256 = sha256.map(|text| digest(text).ok_or_else(bad)).transpose()?;
        Ok(Announced { name, bytes, sha256 })
    }
}

/// Signed addresses for sending files to the bucket
///
/// For servers that store objects in S3. Each address is valid for an hour and for one file: its length is signed,
/// and its checksum if there is one. `fetch` or `commit` then moves the files into the set.
#[utoipa::path(
    post,
    path = "/api/framesets/{frameset}/presign",
    operation_id = "presignFrames",
    tag = "Frame sets",
    params(param::Frameset),
    request_body = wire::Presign,
    responses(
        (status = 200, description = "An address for each file.", body = wire::Presigned),
        problems::BadBody,
        problems::KeyNeeded,
        problems::MayNotWrite,
        problems::NoSuchFrameset,
        problems::BodyTooSlow,
        problems::NotInBucket,
        problems::TooManyToPresign,
        problems::NotJson,
        problems::BadField,
        problems::Internal,
    ),
)]
pub(super) async fn presign(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
    staging: Data<Staging>,
    limits: Data<UploadLimits>,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    let wanted: wire::Presign = body::read_json_of(&request, body, MAX_BODY_BYTES, EXAMPLE).await?;
    let wanted = wanted.parse(&limits)?;
    let inbox = inbox_of_open(&catalog, &staging, &id).await?;
    let names: Vec<_> = wanted.iter().map(|file| file.name.as_str()).collect();
    let detail = json!({ "files": names });
    catalog.db.open_bucket(&id, Action::FramesetPresign, &detail, &caller.actor).await?;

    let expires = Timestamp(now_ms() + PRESIGNED_FOR.as_millis() as i64);
    let mut files = Vec::with_capacity(wanted.len());
    for Announced { name, bytes, sha256 } in wanted {
        let Presigned { url, headers } = inbox.presign(&id, &name, bytes, sha256, PRESIGNED_FOR).await?;
        let headers = headers.into_iter().collect();
        let (name, method) = (name.to_string(), wire::PresignedMethod::Put);
        files.push(wire::PresignedFile { name, method, url, headers, expires });
    }
    Ok(secret_json(StatusCode::OK, &wire::Presigned { files }))
}

/// The set's prefix in the bucket, for rclone and similar tools
///
/// For servers that store objects in S3. The credentials are valid for the prefix, for an hour, if the server has a
/// role for them; no other answer has them. `fetch` or `commit` then moves the files into the set.
#[utoipa::path(
    post,
    path = "/api/framesets/{frameset}/bucket",
    operation_id = "openBucket",
    tag = "Frame sets",
    params(param::Frameset),
    responses(
        (status = 200, description = "The prefix, and how to fill it.", body = wire::Bucket),
        problems::Write,
        problems::NoSuchFrameset,
        problems::NotInBucket,
    ),
)]
pub(super) async fn open(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
    staging: Data<Staging>,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    let inbox = inbox_of_open(&catalog, &staging, &id).await?;
    let detail = json!({ "credentials": inbox.gives_credentials() });
    catalog.db.open_bucket(&id, Action::FramesetBucket, &detail, &caller.actor).await?;
    let scoped = inbox.credentials(&id).await?;
    let (bucket, prefix) = (inbox.bucket().to_owned(), inbox.place(&id));
    let at = inbox.endpoint().map(|endpoint| format!(" --endpoint-url {endpoint}")).unwrap_or_default();
    let answer = wire::Bucket {
        rclone: wire::Rclone {
            config: rclone(inbox, scoped.as_ref()),
            command: format!("rclone copy FOLDER girasol:{bucket}/{prefix}"),
        },
        aws: format!("aws s3 sync FOLDER s3://{bucket}/{prefix} --region {}{at}", inbox.region()),
        bucket,
        prefix,
        endpoint: inbox.endpoint().map(str::to_owned),
        region: inbox.region().to_owned(),
        path_style: inbox.path_style(),
        credentials: scoped.map(|scoped| wire::Credentials {
            access_key_id: scoped.access_key_id,
            secret_access_key: scoped.secret_access_key,
            session_token: scoped.session_token,
            expires: Timestamp(scoped.until_ms),
        }),
    };
    Ok(secret_json(StatusCode::OK, &answer))
}

/// A remote of rclone's config file. It turns off creating the bucket, which such credentials may not do.
fn rclone(inbox: &Inbox, scoped: Option<&Scoped>) -> String {
    let provider = if inbox.endpoint().is_some() { "Other" } else { "AWS" };
    let mut lines = vec![
        "[girasol]".to_owned(),
        "type = s3".to_owned(),
        format!("provider = {provider}"),
        format!("region = {}", inbox.region()),
        format!("force_path_style = {}", inbox.path_style()),
        "no_check_bucket = true".to_owned(),
    ];
    lines.extend(inbox.endpoint().map(|endpoint| format!("endpoint = {endpoint}")));
    match scoped {
        None => lines.push("env_auth = true".to_owned()),
        Some(Scoped { access_key_id, secret_access_key, session_token, .. }) => lines.extend([
            format!("access_key_id = {access_key_id}"),
            format!("secret_access_key = {secret_access_key}"),
            format!("session_token = {session_token}"),
        ]),
    }
    lines.join("\n") + "\n"
}

/// Move files from the bucket into the set
///
/// So that they can be checked before the commit. The server first checks all names and lengths, then moves one file
/// after another, and begins none after 20 seconds. A client repeats the request until `left` is 0; the job fetches
/// the files that are left at the commit.
#[utoipa::path(
    post,
    path = "/api/framesets/{frameset}/fetch",
    operation_id = "fetchFrames",
    tag = "Frame sets",
    params(param::Frameset),
    responses(
        (
            status = 200,
            description = "How many files were moved, and how many are left.",
            body = wire::Fetched,
        ),
        problems::Write,
        problems::NoSuchFrameset,
        problems::NotFetched,
        problems::FileTooLarge,
        problems::FileRefused,
        problems::DiskFull,
    ),
)]
pub(super) async fn fetch(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
    staging: Data<Staging>,
    limits: Data<UploadLimits>,
    checks: Data<Checks>,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    let inbox = inbox_of_open(&catalog, &staging, &id).await?;
    let key = &load(&catalog, &id).await?.key;
    let parameters = Parameters { inbox, staging: &staging, db: &catalog.db, key, limits: &limits };
    let progress = fetch::Progress::default();
    let until = Instant::now() + FETCHES_FOR;
    let requester = Requester::Artist(&caller.actor);
    let left = fetch::fetch(parameters, &id, requester, &progress, Some(until)).await?;
    commit_if_complete(&checks, &id, &caller.actor).await?;
    let (fetched, _) = progress.counts();
    Ok(secret_json(StatusCode::OK, &wire::Fetched { fetched, left }))
}

async fn inbox_of_open<'a>(
    catalog: &Catalog,
    staging: &'a Staging,
    id: &FramesetId,
) -> Result<&'a Inbox, Error> {
    if load(catalog, id).await?.state == FramesetState::Committed {
        return Err(Error::SetCommitted);
    }
    staging.inbox().ok_or(Error::NoBucket)
}
