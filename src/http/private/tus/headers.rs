//! The headers of tus: the version, numbers, metadata and checksums.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

use actix_web::{
    HttpResponseBuilder,
    http::{
        StatusCode,
        header::{ACCESS_CONTROL_EXPOSE_HEADERS, HeaderMap, HttpDate},
    },
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::{
    db::uploads::StoredUpload,
    domain::frameset::{FileName, FramesetId, UploadLimits},
    http::{body, private_scope::secret, problem::Error},
    staging::Incoming,
};

use super::{EXPOSED, VERSION};

/// Checks `Tus-Resumable`, which names the version of the protocol in every request.
pub(super) fn require_version(headers: &HeaderMap) -> Result<(), Error> {
    if text(headers, "tus-resumable")? == Some(VERSION) { Ok(()) } else { Err(Error::UnsupportedTusVersion) }
}

/// An answer that says how much of an upload is stored.
pub(super) fn progress(
    status: StatusCode,
    upload: &StoredUpload,
    received: u64,
    limits: &UploadLimits,
) -> HttpResponseBuilder {
    let mut answer = secret(status);
    let expires = SystemTime::now() + Duration::from_hours(limits.expire_hours.into());
    answer
        .insert_header(("upload-offset", received.to_string()))
        .insert_header((ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED));
    if received < upload.length {
        answer.insert_header(("upload-expires", HttpDate::from(expires).to_string()));
    }
    answer
}

/// Refuses a body that is compressed: its bytes would count as those of the file.
pub(super) fn require_plain(headers: &HeaderMap) -> Result<(), Error> {
    if body::is_encoded(headers) { Err(Error::BodyEncoded) } else { Ok(()) }
}

/// The value of a header, without spaces around it.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Error> {
    let text = headers.get(name).map(|value| value.to_str().map(str::trim));
    text.transpose().map_err(|_no_text| Error::BadHeader("a header of the upload is no text"))
}

/// The value of a header that is a whole number.
pub(super) fn number(headers: &HeaderMap, name: &str) -> Result<Option<u64>, Error> {
    let digits =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    let bad = || Error::BadHeader("Upload-Length and Upload-Offset are whole numbers");
    text(headers, name)?.map(|text| digits(text).ok_or_else(bad)).transpose()
}

/// The set and the file's name in `Upload-Metadata`: keys with base64 values.
pub(super) fn destination(metadata: &str) -> Result<(FramesetId, FileName), Error> {
    let mut found: HashMap<&str, String> = HashMap::new();
    for pair in metadata.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let bad = || Error::BadHeader("Upload-Metadata: a key, a space, and UTF-8 in base64");
        let value = BASE64_STANDARD.decode(value.trim()).map_err(|_no_base64| bad())?;
        found.insert(key, String::from_utf8(value).map_err(|_no_text| bad())?);
    }
    let frameset = found
        .get("frameset")
        .ok_or(Error::BadHeader("Upload-Metadata: frameset, the set that the file belongs to, is needed"))?
        .parse()
        .map_err(|_no_id| Error::NoSuchFrameset)?;
    let name = found
        .get("filename")
        .or_else(|| found.get("name"))
        .ok_or(Error::BadHeader("Upload-Metadata: filename is needed"))?
        .parse()
        .map_err(|error| Error::BadField(format!("filename: {error}")))?;
    Ok((frameset, name))
}

/// `Upload-Checksum`: an algorithm and the digest that the part must have.
pub(super) struct Checksum {
    sha1: bool,
    wanted: Vec<u8>,
}

impl Checksum {
    /// Reads the header, if the request has it.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, Error> {
        let Some(value) = text(headers, "upload-checksum")? else { return Ok(None) };
        let bad = || Error::BadHeader("Upload-Checksum: write sha1 or sha256, a space, and base64");
        let (algorithm, wanted) = value.split_once(' ').ok_or_else(bad)?;
        let sha1 = match algorithm {
            "sha1" => true,
            "sha256" => false,
            _ => return Err(bad()),
        };
        let wanted = BASE64_STANDARD.decode(wanted).map_err(|_no_base64| bad())?;
        Ok(Some(Self { sha1, wanted }))
    }

    /// Whether what the file holds from this offset on has the digest.
    pub(super) async fn matches(&self, file: &mut Incoming, from: u64) -> Result<bool, Error> {
        let (mut sha1, mut sha256) = (Sha1::new(), Sha256::new());
        file.read_from(from, |chunk| if self.sha1 { sha1.update(chunk) } else { sha256.update(chunk) })
            .await?;
        let found = if self.sha1 { sha1.finalize().to_vec() } else { sha256.finalize().to_vec() };
        Ok(found == self.wanted)
    }
}
