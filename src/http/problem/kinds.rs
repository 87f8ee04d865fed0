//! Every kind of problem that the API answers with: the table that the reference is made from.

use actix_web::http::StatusCode;

/// One kind of problem (RFC 9457): everything that is the same in each of its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The last part of `type`. It does not change.
    pub slug: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The `title`.
    pub title: &'static str,
    /// What it means, and what a client can do about it: a paragraph for the reference.
    pub meaning: &'static str,
}

impl Kind {
    pub(super) fn status(self) -> StatusCode {
        StatusCode::from_u16(self.status).expect("the table has statuses from 400 to 599")
    }
}

macro_rules! kinds {
    ($($(#[doc = $meaning:literal])+ $name:ident = $status:literal $slug:literal $title:literal;)*) => {
        $(
            $(#[doc = $meaning])+
            pub(super) const $name: Kind = Kind {
                slug: $slug,
                status: $status,
                title: $title,
                meaning: concat!($($meaning),+).trim_ascii(),
            };
        )*

        /// Every kind, by status.
        pub(super) const ALL: &[Kind] = &[$($name),*];
    };
}

kinds! {
    /// The query has a key that the address does not know, a value that the key does not have, or a key twice.
    BAD_QUERY = 400 "bad-query" "Unknown query key or value";
    /// The spin does not exist in the tier, number of frames or format that the query asks for.
    NOT_OFFERED = 400 "not-offered" "Not offered in this form";
    /// The body is not the JSON object that the address takes. `detail` shows an example.
    BAD_JSON = 400 "bad-json" "Unreadable body";
    /// The connection ended before the body did. Send the request again.
    BODY_CUT_SHORT = 400 "body-cut-short" "Incomplete body";
    /// A header is missing or cannot be read. `detail` names it.
    BAD_HEADER = 400 "bad-header" "Unreadable header";
    /// The file does not match `Content-Digest`: it changed in transit. Send it again.
    DIGEST_MISMATCH = 400 "digest-mismatch" "Digest mismatch";
    /// The request has no key and no session.
    KEY_MISSING = 401 "key-missing" "Key required";
    /// The key is unknown or was revoked.
    KEY_REFUSED = 401 "key-refused" "Key not accepted";
    /// The session has expired or was ended. Sign in again.
    SESSION_EXPIRED = 401 "session-expired" "Session expired";
    /// The role of the key does not include this operation. `detail` names the role that does.
    INSUFFICIENT_ROLE = 403 "insufficient-role" "Insufficient role";
    /// A page of another origin sent the request with the session's cookie. Only pages of the server may write with it.
    CROSS_ORIGIN = 403 "cross-origin" "Cross-origin request refused";
    /// The spin is protected: only signed addresses show it.
    PROTECTED = 403 "protected" "Protected spin";
    /// No signing key of this server made the signature of the address, or the key was retired.
    SIGNATURE_REFUSED = 403 "signature-refused" "Signature not accepted";
    /// The signed address has expired. Ask for a new one.
    SIGNATURE_EXPIRED = 403 "signature-expired" "Signed address expired";
    /// No resource is at this address.
    NOT_FOUND = 404 "not-found" "Not found";
    /// The product does not exist.
    NO_SUCH_PRODUCT = 404 "no-such-product" "No such product";
    /// The configuration has no live spin.
    NO_SPIN = 404 "no-spin" "No spin of this configuration";
    /// The file does not exist.
    NO_SUCH_FILE = 404 "no-such-file" "No such file";
    /// The key does not exist.
    NO_SUCH_KEY = 404 "no-such-key" "No such key";
    /// There is no alert of this name: the runbook has them all.
    NO_SUCH_ALERT = 404 "no-such-alert" "No such alert";
    /// No launch of this number was planned, or it was removed. Those of the settings have no number.
    NO_SUCH_LAUNCH = 404 "no-such-launch" "No such launch";
    /// The frame set does not exist, or was discarded or has expired.
    NO_SUCH_FRAMESET = 404 "no-such-frameset" "No such frame set";
    /// The upload does not exist, or was ended or has expired.
    NO_SUCH_UPLOAD = 404 "no-such-upload" "No such upload";
    /// The job does not exist.
    NO_SUCH_JOB = 404 "no-such-job" "No such job";
    /// The configuration has no version.
    NO_SUCH_SEQUENCE = 404 "no-such-sequence" "No such sequence";
    /// The configuration has no such version.
    NO_SUCH_VERSION = 404 "no-such-version" "No such version";
    /// No signing key of this server made the preview link.
    NO_SUCH_LINK = 404 "no-such-link" "No such link";
    /// The address does not answer this method. `Allow` lists the methods that it answers.
    WRONG_METHOD = 405 "wrong-method" "Method not allowed";
    /// The body took too long.
    BODY_TOO_SLOW = 408 "body-too-slow" "Body too slow";
    /// The change would alter the meaning of configuration ids that are in use.
    PRODUCT_IN_USE = 409 "product-in-use" "Product in use";
    /// The choices would add an option or a choice to a product that exists. `newChoices` lists each one, with the choice
    /// that is meant perhaps. Correct it, or send `"newChoices": true`.
    NEW_CHOICE = 409 "new-choice" "New choice";
    /// The frame set is committed and takes no more changes.
    SET_COMMITTED = 409 "set-committed" "Frame set committed";
    /// The frames of the set are not those that the request names, or changed during it. Load the set and its check
    /// again, and decide anew.
    FRAMESET_CHANGED = 409 "frameset-changed" "Frame set changed";
    /// The check of the frames found what a person has to say is meant. `detail` says what; mend it, or commit with the
    /// revision of the check as `acknowledge`.
    FINDINGS_UNACKNOWLEDGED = 409 "findings-unacknowledged" "Findings not acknowledged";
    /// The check of the frames has not ended, and what it finds may have to be acknowledged. Commit again after the seconds in
    /// `Retry-After`, or acknowledge the revision of the check before it ends.
    CHECK_RUNNING = 409 "check-running" "Check running";
    /// The frame set has no finding that this mend applies to.
    NOTHING_TO_MEND = 409 "nothing-to-mend" "Nothing to mend";
    /// The configuration has versions, or frames that wait to become one.
    SEQUENCE_IN_USE = 409 "sequence-in-use" "Sequence in use";
    /// The state of the job does not allow this. `detail` names the state.
    JOB_STATE = 409 "job-state" "Wrong job state";
    /// The version has only a preview, and a full version is live; or no version was named, and none has every tier yet.
    EARLY_VERSION = 409 "early-version" "Early version";
    /// No earlier version was live.
    NOTHING_BEFORE = 409 "nothing-before" "No earlier version";
    /// Another version went live during the request. Load the sequence again.
    OVERTAKEN = 409 "overtaken" "Overtaken";
    /// The configuration has neither versions nor raw frames that a take-down would delete.
    NOTHING_STORED = 409 "nothing-stored" "Nothing stored";
    /// The configuration is public and needs no signed address.
    NOT_PROTECTED = 409 "not-protected" "Not protected";
    /// The server stores its objects in a folder, not in a bucket. Send the frames to the server.
    NO_BUCKET = 409 "no-bucket" "No bucket";
    /// The part does not begin where the upload ends. `detail` names the offset.
    OFFSET_MISMATCH = 409 "offset-mismatch" "Offset mismatch";
    /// The spin was taken down.
    TAKEN_DOWN = 410 "taken-down" "Taken down";
    /// The preview link has expired, or its version was deleted.
    LINK_EXPIRED = 410 "link-expired" "Link expired";
    /// `If-Match` or `If-None-Match` does not hold: the resource is another one by now. Load it again, and decide anew.
    PRECONDITION_FAILED = 412 "precondition-failed" "Precondition failed";
    /// The request names no version of tus that the server supports. `Tus-Version` lists the versions.
    UNSUPPORTED_TUS_VERSION = 412 "unsupported-tus-version" "Unsupported version of tus";
    /// The body is larger than the address takes.
    BODY_TOO_LARGE = 413 "body-too-large" "Body too large";
    /// The file is larger than the server's limit.
    FILE_TOO_LARGE = 413 "file-too-large" "File too large";
    /// The frame set or the archive has more files than the server's limit.
    TOO_MANY_FILES = 413 "too-many-files" "Too many files";
    /// The key has as many bytes in frame sets that are not encoded as it may. Commit a set, discard one, or end an upload.
    QUOTA_EXCEEDED = 413 "quota-exceeded" "Quota exceeded";
    /// The archive has more frames than a turn may have.
    TOO_MANY_FRAMES = 413 "too-many-frames" "Too many frames";
    /// An image has more pixels, or an archive unpacks to more bytes, than the server's limit.
    TOO_LARGE = 413 "too-large" "Content too large";
    /// The body has to be `application/json`.
    NOT_JSON = 415 "not-json" "Not JSON";
    /// The body has a `Content-Encoding`. Send it without one.
    BODY_ENCODED = 415 "body-encoded" "Encoded body";
    /// The body of a part of an upload has to be `application/offset+octet-stream`.
    NOT_A_PART = 415 "not-a-part" "Not a part of an upload";
    /// The range begins after the end of the file.
    RANGE_OUTSIDE = 416 "range-outside" "Range not satisfiable";
    /// The product does not offer the choice that the request names.
    UNKNOWN_CHOICE = 422 "unknown-choice" "Unknown choice";
    /// A field has a value that is not allowed. `detail` names the field and its rule.
    BAD_FIELD = 422 "bad-field" "Field value not allowed";
    /// What this deletes cannot be brought back. Repeat the configuration's id in the field `confirm` of the body.
    NOT_CONFIRMED = 422 "not-confirmed" "Not confirmed";
    /// The product file has faults. `faults` lists each one with its place in the file.
    BAD_PRODUCT = 422 "bad-product" "Faulty product file";
    /// The frame set has no frame.
    SET_EMPTY = 422 "set-empty" "Empty frame set";
    /// The file is not an archive that the server reads.
    NOT_AN_ARCHIVE = 422 "not-a-folder-or-archive" "File not usable";
    /// The archive has no PNG, JPEG, TIFF or WebP image.
    NO_IMAGES = 422 "no-images" "File not usable";
    /// The archive has only one image.
    SINGLE_FRAME = 422 "single-frame" "File not usable";
    /// The archive has images in several folders.
    SEVERAL_FOLDERS = 422 "several-folders" "File not usable";
    /// Two names differ only in how accents are stored.
    NAME_TWICE = 422 "name-twice" "File not usable";
    /// The names are those of several turns, such as the rows of a spin that is seen from several heights.
    SEVERAL_TURNS = 422 "several-turns" "File not usable";
    /// The numbers in the names count neither frames nor degrees.
    NO_COUNT = 422 "no-count" "File not usable";
    /// Numbers are missing between the frames.
    FRAME_MISSING = 422 "frame-missing" "File not usable";
    /// Two names have the same number.
    NUMBER_TWICE = 422 "number-twice" "File not usable";
    /// A number does not fit the even step of the others.
    OUT_OF_STEP = 422 "out-of-step" "File not usable";
    /// Two frames a whole turn apart, such as at 0 and at 360 degrees, are both present; they show the same view.
    CLOSING_FRAME = 422 "closing-frame" "File not usable";
    /// A name has no frame number.
    NO_NUMBER = 422 "no-number" "File not usable";
    /// A name has another pattern than the others.
    STRAY_NAME = 422 "stray-name" "File not usable";
    /// The bytes are not an image that can be decoded.
    UNREADABLE = 422 "unreadable" "File not usable";
    /// The file ends before its image does.
    TRUNCATED = 422 "truncated" "File not usable";
    /// The content is of another kind than the name says.
    NOT_WHAT_ITS_NAME_SAYS = 422 "not-what-its-name-says" "File not usable";
    /// The frames do not all have the same size.
    SIZES_DIFFER = 422 "sizes-differ" "File not usable";
    /// Some frames are turned by their EXIF orientation, and the others are not.
    ORIENTATIONS_DIFFER = 422 "orientations-differ" "File not usable";
    /// The image is in CMYK. Export it in RGB.
    CMYK = 422 "cmyk" "File not usable";
    /// The image has a variant of its format that the server does not decode.
    UNSUPPORTED = 422 "unsupported" "File not usable";
    /// A name in the archive leads out of it.
    ARCHIVE_UNSAFE_NAME = 422 "archive-unsafe-name" "File not usable";
    /// The archive has a link.
    ARCHIVE_LINK = 422 "archive-link" "File not usable";
    /// The archive has a name twice.
    ARCHIVE_DUPLICATE = 422 "archive-duplicate" "File not usable";
    /// The zip is encrypted.
    ZIP_ENCRYPTED = 422 "zip-encrypted" "File not usable";
    /// The zip unpacks to far more bytes than it has.
    ZIP_BOMB = 422 "zip-bomb" "File not usable";
    /// The zip uses a compression method that the server does not read.
    ZIP_METHOD = 422 "zip-method" "File not usable";
    /// The zip is damaged.
    ZIP_BROKEN = 422 "zip-broken" "File not usable";
    /// The tar is damaged.
    TAR_BROKEN = 422 "tar-broken" "File not usable";
    /// The key has as many open frame sets as it may. Commit or discard one.
    TOO_MANY_SETS = 429 "too-many-sets" "Too many open frame sets";
    /// The client has made as many requests of this class as it may in a minute (`RateLimit-Policy`), or its address has sent
    /// too many keys that were not accepted. Send the request again after the seconds in `Retry-After`.
    TOO_MANY_REQUESTS = 429 "too-many-requests" "Too many requests";
    /// The part does not match `Upload-Checksum`: it changed in transit. Send it again.
    CHECKSUM_MISMATCH = 460 "checksum-mismatch" "Checksum mismatch";
    /// The server failed. Its log has the cause.
    INTERNAL = 500 "internal" "Internal server error";
    /// The database or the store does not answer, or is busy. Try again.
    NOT_READY = 503 "not-ready" "Not ready";
    /// The server has more to load than it can in time. Send the request again after the seconds in `Retry-After`.
    OVERLOADED = 503 "overloaded" "Overloaded";
    /// The disk of the server is full, or has no room for the file. Free space, or send the request again later.
    DISK_FULL = 507 "disk-full" "Disk full";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn slugs_are_unique_and_every_kind_is_documented() {
        let slugs: BTreeSet<_> = ALL.iter().map(|kind| kind.slug).collect();
        assert_eq!(slugs.len(), ALL.len());
        for Kind { slug, status, title, meaning } in ALL {
            assert!(slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{slug}");
            assert!((400..600).contains(status) && !title.is_empty() && meaning.ends_with('.'), "{slug}");
        }
        assert!(ALL.is_sorted_by_key(|kind| kind.status));
    }
}
