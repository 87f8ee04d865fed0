//! Writing to an upload: one request at a time, of all servers, and no byte is counted that is not safe.

use std::{
    future::{Ready, ready},
    time::Duration,
};

use actix_web::{
    FromRequest, HttpRequest, dev,
    web::{Data, Payload},
};

use crate::{
    checks::Checks,
    db::uploads::{Noted, Received, StoredUpload, UploadPart},
    domain::{
        audit::Actor,
        frameset::{UploadId, UploadLimits},
        keys::KeyId,
    },
    http::{
        catalog::Catalog,
        private::{
            complete,
            framesets::{self, Place},
            receive::{self, Receiver},
        },
        problem::{Error, Failure},
    },
    staging::{Account, Incoming, Staging},
};

use super::{
    headers::{Checksum, require_version},
    id,
    writers::{Writers, Writing},
};

/// How often a request looks whether another process has taken its upload over.
const TAKEN_OVER_POLL: Duration = Duration::from_secs(1);

/// The parts of the server that uploads need.
pub(in crate::http::private) struct Uploads {
    pub(super) catalog: Data<Catalog>,
    pub(super) staging: Data<Staging>,
    pub(super) writers: Data<Writers>,
    pub(super) limits: Data<UploadLimits>,
    checks: Data<Checks>,
}

impl FromRequest for Uploads {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _body: &mut dev::Payload) -> Self::Future {
        fn part<T: 'static>(request: &HttpRequest) -> Data<T> {
            request.app_data::<Data<T>>().expect("the server registers its parts as app data").clone()
        }
        ready(Ok(Self {
            catalog: part(request),
            staging: part(request),
            writers: part(request),
            limits: part(request),
            checks: part(request),
        }))
    }
}

/// A part of an upload, whose whole length is promised.
struct Resumable<'a> {
    uploads: &'a Uploads,
    upload: &'a StoredUpload,
    has_checksum: bool,
    /// What is in the bucket.
    parts: Vec<UploadPart>,
    /// Whether the upload is another request's by now, or is gone.
    is_over: bool,
}

impl Receiver for Resumable<'_> {
    async fn before(&mut self, _bytes: u64) -> Result<(), Error> {
        Ok(())
    }

    async fn synced(&mut self, received: u64) -> Result<(), Error> {
        let Uploads { staging, limits, .. } = self.uploads;
        staging.require_free(limits).await?;
        // A part with a checksum counts only once all of it has arrived and matches.
        if self.has_checksum { Ok(()) } else { self.note(received).await }
    }
}

impl Resumable<'_> {
    /// Makes sure that any server can go on after so many bytes, and writes it down.
    async fn note(&mut self, received: u64) -> Result<(), Error> {
        let (Uploads { catalog, staging, .. }, upload) = (self.uploads, self.upload);
        let secured = staging.secure(upload, &mut self.parts, received).await?;
        let received = Received { bytes: received, writer: staging.process(), parts: &secured.added };
        match catalog.db.note_received(upload, received).await? {
            Noted::Written => {
                staging.remove_replaced(upload, &secured.replaced).await;
                Ok(())
            }
            lost => {
                // What was put for nothing goes at once: its name is this request's alone.
                staging.remove_replaced(upload, &secured.added).await;
                self.is_over = true;
                Err(if lost == Noted::Gone { Error::NoSuchUpload } else { Error::UploadTakenOver })
            }
        }
    }
}

impl Uploads {
    /// The upload that the request names, for this request alone.
    pub(super) async fn take(&self, request: &HttpRequest) -> Result<(Writing, StoredUpload), Error> {
        require_version(request.headers())?;
        self.take_named(&id(request)?).await
    }

    /// The upload, for one request alone: first of this process, then of all.
    pub(super) async fn take_named(&self, id: &UploadId) -> Result<(Writing, StoredUpload), Error> {
        let writing = self.writers.take(id).await;
        let upload = self.catalog.db.take_upload(id).await?.ok_or(Error::NoSuchUpload)?;
        Ok((writing, upload))
    }

    /// Completes when a request to another process wants to write to the upload.
    async fn taken_over(&self, upload: &StoredUpload) {
        loop {
            tokio::time::sleep(TAKEN_OVER_POLL).await;
            if matches!(self.catalog.db.is_taken_over(upload).await, Ok(true)) {
                return;
            }
        }
    }

    /// What the files of a key's sets have to fit into.
    pub(super) fn account<'a>(&'a self, key: &'a KeyId) -> Account<'a> {
        Account { db: &self.catalog.db, key, limits: &self.limits }
    }

    pub(super) async fn load(&self, id: &UploadId) -> Result<StoredUpload, Error> {
        self.catalog.db.upload(id).await?.ok_or(Error::NoSuchUpload)
    }

    /// Appends a part to an upload, and makes a frame of a complete one. Returns the upload's new offset.
    pub(super) async fn write(
        &self,
        upload: &StoredUpload,
        writing: &Writing,
        body: &mut Payload,
        checksum: Option<Checksum>,
        actor: &Actor,
    ) -> Result<u64, Error> {
        if upload.finished {
            return Ok(upload.received);
        }
        let mut file = self.resume(upload).await?;
        let (has_checksum, parts) = (checksum.is_some(), upload.parts.clone());
        let mut resumable = Resumable { uploads: self, upload, has_checksum, parts, is_over: false };
        let appended = tokio::select! {
            appended = receive::append(body, &mut file, upload.length, &mut resumable) => appended,
            () = writing.stopped() => Err(Error::BodyCutShort),
            () = self.taken_over(upload) => Err(Error::UploadTakenOver),
        };
        match (&appended, &checksum) {
            (Ok(()), Some(checksum)) => {
                if !checksum.matches(&mut file, upload.received).await? {
                    file.cut(upload.received).await?;
                    return Err(Error::ChecksumMismatch);
                }
            }
            (Err(_), Some(_)) => {
                file.cut(upload.received).await?;
            }
            (_, None) => {}
        }
        file.sync().await?;
        let received = file.written();
        let is_whole = received == upload.length;
        // A whole file goes to the other servers as what it becomes. Should that fail, its last bytes are sent again.
        let is_counted_later = is_whole && self.staging.is_shared();
        if !resumable.is_over && !is_counted_later {
            resumable.note(received).await?;
        }
        appended?;
        if is_whole {
            self.finish(upload, file, &resumable.parts, actor).await?;
        }
        Ok(received)
    }

    async fn finish(
        &self,
        upload: &StoredUpload,
        mut file: Incoming,
        parts: &[UploadPart],
        actor: &Actor,
    ) -> Result<(), Error> {
        let Self { catalog, staging, checks, .. } = self;
        let set = framesets::load(catalog, &upload.frameset).await?;
        let account = self.account(&set.key);
        let StoredUpload { frameset: id, name, conditions, .. } = upload;
        let place = Place { id, name, conditions };
        let added =
            framesets::add(account, staging, place, &mut file, Some((&upload.id, upload.fence)), actor);
        if let Err(error) = added.await {
            if let Error::FileRefused { .. } | Error::BadField(_) | Error::PreconditionFailed = error {
                // A retry would send the same bytes, in the place of the same frame.
                catalog.db.delete_upload(&upload.id).await?;
                staging.discard_part(&upload.frameset, &upload.id).await?;
            }
            return Err(error);
        }
        file.discard().await?;
        staging.remove_parts(upload, parts).await;
        complete::commit_if_complete(checks, &upload.frameset, actor).await
    }

    /// The upload's file as far as it is safe. An upload whose bytes are lost ends, so that its client begins anew.
    async fn resume(&self, upload: &StoredUpload) -> Result<Incoming, Error> {
        match self.staging.resume(upload).await {
            Err(error) if error.is_loss() => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, upload.id = %upload.id, "the bytes of an upload are lost: it ends");
                self.catalog.db.delete_upload(&upload.id).await?;
                self.staging.discard_part(&upload.frameset, &upload.id).await?;
                Err(Error::NoSuchUpload)
            }
            resumed => Ok(resumed?),
        }
    }

    /// Finishes an upload whose bytes all arrived before the server died, and which is not a frame yet.
    pub(super) async fn finish_late(&self, upload: &StoredUpload, actor: &Actor) -> Result<(), Error> {
        if upload.finished || upload.received < upload.length {
            return Ok(());
        }
        let file = self.resume(upload).await?;
        self.finish(upload, file, &upload.parts, actor).await
    }
}
