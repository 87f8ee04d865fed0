//! Where objects are kept.

use serde::Deserialize;

/// `[store]` of the config. Credentials are not among it: they come from where all of AWS's tools look for them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// Which home objects have. What follows is for S3 alone.
    pub kind: StoreKind,
    /// The bucket, which has to be there.
    pub bucket: String,
    /// What stands before each key in the bucket; a slash comes between.
    pub prefix: String,
    /// The region; the environment's where it is left out.
    pub region: Option<String>,
    /// The server's address; Amazon's where it is left out.
    pub endpoint: Option<String>,
    /// Whether the bucket stands in the path of an address and not in its host.
    pub path_style: bool,
    /// Whether checksums go with what is written, and are asked for with what is read.
    pub checksums: Checksums,
    /// How long connecting may take.
    pub connect_timeout_ms: u64,
    /// How long one attempt may take, body included. All attempts together may take as many times that.
    pub attempt_timeout_ms: u64,
    /// How often what may go well another time is tried.
    pub attempts: u32,
    /// Copies on local disk; 0 is none.
    pub disk_cache_max_bytes: u64,
    /// What stands before all that artists put into the bucket themselves; `incoming` after the prefix of objects where
    /// it is left out.
    pub upload_prefix: Option<String>,
    /// The role whose temporary credentials artists are given, for one frame set's place in the bucket alone.
    pub upload_role: Option<String>,
}

/// A home of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// `objects/` in the data folder.
    Folder,
    /// A bucket.
    S3,
}

/// When checksums of S3's own are used, besides those in every object's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checksums {
    /// Where the protocol cannot do without: older servers know no others.
    WhenRequired,
    /// Wherever the protocol has a place for them.
    WhenSupported,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            kind: StoreKind::Folder,
            bucket: String::new(),
            prefix: String::new(),
            region: None,
            endpoint: None,
            path_style: false,
            checksums: Checksums::WhenSupported,
            connect_timeout_ms: 2_000,
            attempt_timeout_ms: 10_000,
            attempts: 3,
            disk_cache_max_bytes: 4 << 30,
            upload_prefix: None,
            upload_role: None,
        }
    }
}

/// The first words of objects' keys, which is where no artist may write.
const OBJECTS: [&str; 4] = ["s", "p", "m", "still"];

impl StoreSettings {
    /// What stands before an object's key in the bucket: nothing, or words with a slash at the end.
    pub fn objects_prefix(&self) -> String {
        with_slash(&self.prefix)
    }

    /// What stands before a frame set's id where artists put its frames, with a slash at its end.
    pub fn uploads_prefix(&self) -> String {
        match &self.upload_prefix {
            Some(prefix) => with_slash(prefix),
            None => format!("{}incoming/", self.objects_prefix()),
        }
    }

    /// Whether what artists put there could be taken for objects.
    fn uploads_are_apart(&self) -> bool {
        let (objects, uploads) = (self.objects_prefix(), self.uploads_prefix());
        let within = uploads.strip_prefix(&objects).and_then(|rest| rest.split('/').next());
        !within.is_some_and(|word| OBJECTS.contains(&word))
    }

    /// The first setting that cannot be used, and the end of a sentence about it.
    pub fn problem(&self) -> Option<(&'static str, &'static str)> {
        let is_s3 = self.kind == StoreKind::S3;
        let checks = [
            (is_s3 || self.bucket.is_empty(), "store.bucket", "is for store.kind = \"s3\""),
            (
                !is_s3 || is_bucket(&self.bucket),
                "store.bucket",
                "must be a bucket: 3 to 63 lower-case letters, digits, dots and hyphens",
            ),
            (
                is_prefix(&self.prefix),
                "store.prefix",
                "must be words of letters, digits, dots, hyphens and underscores with slashes between",
            ),
            (
                self.region.as_ref().is_none_or(|region| is_word(region)),
                "store.region",
                "must be the name of a region, as eu-central-1",
            ),
            (
                self.endpoint.as_ref().is_none_or(|endpoint| is_endpoint(endpoint)),
                "store.endpoint",
                "must be an address without credentials, as https://s3.example",
            ),
            (
                (1..=60_000).contains(&self.connect_timeout_ms),
                "store.connect_timeout_ms",
                "must be from 1 to 60000",
            ),
            (
                (1..=600_000).contains(&self.attempt_timeout_ms),
                "store.attempt_timeout_ms",
                "must be from 1 to 600000",
            ),
            ((1..=10).contains(&self.attempts), "store.attempts", "must be from 1 to 10"),
            (
                self.upload_prefix.as_ref().is_none_or(|prefix| !prefix.is_empty() && is_prefix(prefix)),
                "store.upload_prefix",
                "must be words of letters, digits, dots, hyphens and underscores with slashes between",
            ),
            (self.uploads_are_apart(), "store.upload_prefix", "must lie apart from the objects"),
            (
                self.upload_role.as_ref().is_none_or(|role| is_s3 && is_role(role)),
                "store.upload_role",
                "must be a role, as arn:aws:iam::123456789012:role/frames, and is for store.kind = \"s3\"",
            ),
        ];
        checks.into_iter().find(|(holds, ..)| !holds).map(|(_, key, problem)| (key, problem))
    }
}

/// Amazon's rule for the names of buckets, which every server takes.
fn is_bucket(name: &str) -> bool {
    let may_end =
        |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    (3..=63).contains(&name.len())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'))
        && may_end(name.bytes().next())
        && may_end(name.bytes().last())
}

fn is_prefix(prefix: &str) -> bool {
    let words = prefix.strip_suffix('/').unwrap_or(prefix);
    prefix.is_empty() || words.split('/').all(|word| is_word(word) && word != "." && word != "..")
}

fn with_slash(prefix: &str) -> String {
    let slash = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
    format!("{prefix}{slash}")
}

/// `arn:PARTITION:iam::ACCOUNT:role/NAME`
fn is_role(arn: &str) -> bool {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    matches!(parts[..], ["arn", partition, "iam", "", account, role]
        if is_word(partition) && is_word(account) && role.strip_prefix("role/").is_some_and(|name| !name.is_empty()))
}

fn is_word(word: &str) -> bool {
    !word.is_empty()
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

fn is_endpoint(address: &str) -> bool {
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty() && !rest.starts_with('/') && !rest.contains(['@', '?', '#', ' '])
    })
}
