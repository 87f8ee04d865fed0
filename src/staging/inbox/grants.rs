//! Credentials for one frame set's place in the bucket, for an hour: what `AssumeRole` gives, less all that the set
//! does not need.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{domain::frameset::FramesetId, staging::InboxError};

use super::{Failure, Inbox, Role, failed, until_ms};

/// The longest that a role gives which was itself assumed.
const LASTS: Duration = Duration::from_hours(1);

/// Temporary credentials. They have no `Debug`, so that no log has them.
pub struct Scoped {
    /// `AWS_ACCESS_KEY_ID`
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`
    pub session_token: String,
    /// Milliseconds since 1970-01-01 UTC.
    pub until_ms: i64,
}

impl Inbox {
    /// Whether there is a role whose credentials can be given away.
    pub fn gives_credentials(&self) -> bool {
        self.role.is_some()
    }

    /// Credentials for a set's place; `None` where there is no role for it.
    pub async fn credentials(&self, set: &FramesetId) -> Result<Option<Scoped>, InboxError> {
        let Some(Role { sts, arn }) = self.role.as_deref() else { return Ok(None) };
        let partition = arn.split(':').nth(1).unwrap_or("aws");
        let request = sts
            .assume_role()
            .role_arn(arn)
            .role_session_name(format!("girasol-{set}"))
            .policy(policy(partition, self.bucket(), &self.place(set)).to_string())
            .duration_seconds(LASTS.as_secs() as i32);
        let given = Box::pin(request.send()).await.map_err(Failure::from).map_err(failed("opened"))?;
        let nothing = || failed("opened")(Failure::NoAnswer("the role has no credentials".into()));
        let given = given.credentials.ok_or_else(nothing)?;
        Ok(Some(Scoped {
            until_ms: given.expiration.to_millis().unwrap_or_else(|_far| until_ms(LASTS)),
            access_key_id: given.access_key_id,
            secret_access_key: given.secret_access_key,
            session_token: given.session_token,
        }))
    }
}

/// What may be done with them: nothing outside of the place. Who may put may also look, to go on where a copy broke
/// off, and remove what was put by mistake.
fn policy(partition: &str, bucket: &str, place: &str) -> Value {
    let bucket = format!("arn:{partition}:s3:::{bucket}");
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": [
                    "s3:PutObject", "s3:GetObject", "s3:DeleteObject",
                    "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts",
                ],
                "Resource": format!("{bucket}/{place}*"),
            },
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": bucket,
                "Condition": { "StringLike": { "s3:prefix": [format!("{place}*")] } },
            },
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_reach_one_set_and_nothing_else() {
        let policy = policy("aws-cn", "spins", "live/incoming/07/");
        let statements = policy["Statement"].as_array().unwrap();
        assert!(statements.iter().all(|statement| statement["Effect"] == "Allow"));
        assert_eq!(statements[0]["Resource"], "arn:aws-cn:s3:::spins/live/incoming/07/*");
        assert_eq!(statements[1]["Resource"], "arn:aws-cn:s3:::spins");
        assert_eq!(statements[1]["Condition"]["StringLike"]["s3:prefix"], json!(["live/incoming/07/*"]));
        // STS takes policies of at most 2,048 letters.
        assert!(policy.to_string().len() < 1000);
    }
}
