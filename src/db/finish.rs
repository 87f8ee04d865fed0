//! The end of an upload, in the transaction that makes a frame of its file.

use crate::domain::frameset::UploadId;

use super::{DbError, engine::Tx};

/// An upload, and the fence of the request that writes to it.
pub type Fenced<'a> = (&'a UploadId, i64);

/// Notes that an upload's file is a frame of its set, if the upload is still this request's. It stays until it expires, for
/// clients that missed the answer.
pub(super) async fn finish(tx: &mut Tx, (id, fence): Fenced<'_>) -> Result<bool, DbError> {
    const SQL: &str = "update uploads set finished = true, received = length
        where id = $1 and fence = $2 and not finished";
    let id = id.as_str();
    if tx.run("uploads.set_finished", SQL).bind(id).bind(fence).execute().await? == 0 {
        return Ok(false);
    }
    let forgotten = tx.run("upload_parts.delete", "delete from upload_parts where upload_id = $1");
    forgotten.bind(id).execute().await?;
    Ok(true)
}
