//! `[store]`

use serde::{Deserialize, Serialize};

use super::{
    problem::{ConfigError, Origin, Problem, check},
    setting::{Kind, section, whole, whole_from, word},
    text::{is_endpoint, is_word},
};

section! {
    /// Where objects are stored: frames, packs, manifests and stills. All settings but `kind` are for S3. Credentials are
    /// not settings: they come from where AWS's own tools look for them (environment, profile, web identity, container,
    /// instance).
    #[derive(Eq)]
    "store" StoreConfig {
        /// `folder` for `objects/` in the data folder, or `s3` for a bucket.
        kind: StoreKind = StoreKind::Folder, word(&["folder", "s3"]);
        /// The bucket. It has to exist.
        bucket: String = String::new(), Kind::Text, "\"spins\"";
        /// Words that stand before each key in the bucket; a slash is put between.
        prefix: String = String::new(), Kind::Text, "\"live\"";
        /// The region. Without it the environment's applies.
        region: Option<String> = None, Kind::Text, "\"eu-central-1\"";
        /// The address of the S3 server. Without it Amazon's applies.
        endpoint: Option<String> = None, Kind::Text, "\"https://s3.example\"";
        /// Whether addresses name the bucket in their path (`https://s3.example/spins`) or in their host
        /// (`https://spins.s3.example`).
        path_style: bool = false, Kind::Flag;
        /// `when-supported` sends and asks for S3's checksums wherever the protocol has them, `when-required` only where it
        /// cannot do without: older servers know no others.
        checksums: Checksums = Checksums::WhenSupported, word(&["when-required", "when-supported"]);
        /// Milliseconds that connecting may take.
        connect_timeout_ms: u64 = 2_000, whole(1, 60_000);
        /// Milliseconds that one attempt may take, body included.
        attempt_timeout_ms: u64 = 10_000, whole(1, 600_000);
        /// Attempts of each request. Together they may take as many times `attempt_timeout_ms`.
        attempts: u32 = 3, whole(1, 10);
        /// Other addresses of the same bucket and keys, as a replica's in another region: a read that the endpoint does not
        /// answer soon goes to the next one. They are never written to.
        read_endpoints: Vec<String> = Vec::new(), Kind::Texts, "[\"https://s3.replica.example\"]";
        /// Milliseconds after which a read that has no answer yet is asked for a second time, of the next endpoint; the first
        /// answer counts. At most one read in twenty is. 0 asks once.
        hedge_ms: u64 = 500, whole(0, 60_000);
        /// Bytes of local disk for copies of objects. 0 stores no copies.
        disk_cache_max_bytes: u64 = 4 << 30, whole_from(0);
        /// Days in which every object that a version needs is read once and compared with its name, a few each minute. What is
        /// missing or damaged stands in the log, in health and in the metrics. 0 reads nothing by itself.
        scrub_days: u32 = 30, whole(0, 365);
        /// Words that stand before everything that artists upload to the bucket themselves. Without it `incoming` follows
        /// the prefix of objects.
        upload_prefix: Option<String> = None, Kind::Text, "\"incoming\"";
        /// The role whose temporary credentials artists get, each for the prefix of one frame set alone. Without it there
        /// are no such credentials.
        upload_role: Option<String> = None, Kind::Text, "\"arn:aws:iam::123456789012:role/frames\"";
    }
}

/// Where objects are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// `objects/` in the data folder.
    Folder,
    /// A bucket.
    S3,
}

/// When S3's own checksums are used, besides the digest in every object's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checksums {
    /// Where the protocol cannot do without: older servers know no others.
    WhenRequired,
    /// Wherever the protocol has a place for them.
    WhenSupported,
}

/// The first words of objects' keys. Uploads must not lie there.
const OBJECTS: [&str; 4] = ["s", "p", "m", "still"];

const SPELLING: &str = "must be as s3://bucket/prefix, and may end in ?region=eu-central-1&endpoint=https://s3.example&path_style=true";

impl StoreConfig {
    /// The store in a bucket that a flag of the command line names, as `s3://spins/live?endpoint=https://s3.example`. What
    /// the address does not say is as in this store.
    pub fn at(&self, flag: &'static str, url: &str) -> Result<Self, ConfigError> {
        // The flag says it, and no setting: `the bucket` in place of `store.bucket`.
        let refused = |Problem { key, text, .. }: Problem| {
            let key = key.strip_prefix("store.").map_or(key.clone(), |part| format!("the {part}"));
            ConfigError::Problems(vec![Problem { at: Some(Origin::Flag(flag)), key, text }])
        };
        let parsed = self.in_bucket(url).map_err(refused)?;
        parsed.validate().map_err(refused)?;
        Ok(parsed)
    }

    fn in_bucket(&self, url: &str) -> Result<Self, Problem> {
        let address = url.strip_prefix("s3://").ok_or_else(|| Problem::of("the address", SPELLING))?;
        let (place, query) = address.split_once('?').unwrap_or((address, ""));
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let mut there = Self {
            kind: StoreKind::S3,
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            // Those of the source are other buckets.
            read_endpoints: Vec::new(),
            disk_cache_max_bytes: 0,
            upload_prefix: None,
            upload_role: None,
            ..self.clone()
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("region", region)) => there.region = Some(region.to_owned()),
                Some(("endpoint", endpoint)) => there.endpoint = Some(endpoint.to_owned()),
                Some(("path_style", "true")) => there.path_style = true,
                Some(("path_style", "false")) => there.path_style = false,
                _ => return Err(Problem::of("the address", SPELLING)),
            }
        }
        Ok(there)
    }

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

    /// What stands before a frame set's id where servers and workers share what artists have sent, with a slash at its end.
    pub fn staged_prefix(&self) -> String {
        format!("{}staged/", self.objects_prefix())
    }

    /// Whether no upload could be taken for an object.
    fn uploads_are_apart(&self) -> bool {
        let (objects, uploads) = (self.objects_prefix(), self.uploads_prefix());
        let within = uploads.strip_prefix(&objects).and_then(|rest| rest.split('/').next());
        !within.is_some_and(|word| OBJECTS.contains(&word))
    }

    pub(crate) fn validate(&self) -> Result<(), Problem> {
        const WORDS: &str =
            "must be words of letters, digits, dots, hyphens and underscores with slashes between";
        let is_s3 = self.kind == StoreKind::S3;
        check(
            !is_s3 || cfg!(feature = "cloud"),
            "store.kind",
            "is \"s3\", which this build leaves out: build Girasol with the feature cloud, as make build does",
        )?;
        check(is_s3 || self.bucket.is_empty(), "store.bucket", "is for store.kind = \"s3\"")?;
        check(
            !is_s3 || is_bucket(&self.bucket),
            "store.bucket",
            "must be a bucket: 3 to 63 lower-case letters, digits, dots and hyphens",
        )?;
        check(is_prefix(&self.prefix), "store.prefix", WORDS)?;
        check(
            self.region.as_ref().is_none_or(|region| is_word(region)),
            "store.region",
            "must be the name of a region, as eu-central-1",
        )?;
        check(
            self.endpoint
                .as_ref()
                .is_none_or(|endpoint| is_endpoint(endpoint) && !endpoint.contains(['?', ' '])),
            "store.endpoint",
            "must be an address without credentials, as https://s3.example",
        )?;
        for (at, endpoint) in self.read_endpoints.iter().enumerate() {
            check(
                is_endpoint(endpoint) && !endpoint.contains(['?', ' ']),
                &format!("store.read_endpoints[{at}]"),
                "must be an address without credentials, as https://s3.example",
            )?;
        }
        let prefix = self.upload_prefix.as_ref();
        check(
            prefix.is_none_or(|prefix| !prefix.is_empty() && is_prefix(prefix)),
            "store.upload_prefix",
            WORDS,
        )?;
        check(self.uploads_are_apart(), "store.upload_prefix", "must lie apart from the objects")?;
        check(
            self.upload_role.as_ref().is_none_or(|role| is_s3 && is_role(role)),
            "store.upload_role",
            "must be a role, as arn:aws:iam::123456789012:role/frames, and is for store.kind = \"s3\"",
        )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_bucket_and_what_it_does_not_say_is_as_before() {
        let before =
            StoreConfig { region: Some("eu-central-1".to_owned()), attempts: 7, ..StoreConfig::default() };
        let there =
            before.at("--to", "s3://spins/live/one?endpoint=https://s3.example&path_style=true").unwrap();
        assert_eq!(
            (there.kind, there.bucket.as_str(), there.objects_prefix().as_str()),
            (StoreKind::S3, "spins", "live/one/")
        );
        assert_eq!(
            (there.region.as_deref(), there.attempts, there.path_style),
            (Some("eu-central-1"), 7, true)
        );
        assert_eq!(there.endpoint.as_deref(), Some("https://s3.example"));
        assert_eq!(there.read_endpoints, [""; 0], "replicas are of the other bucket");
        for wrong in [
            "spins",
            "s3://",
            "s3://Spins",
            "s3://spins?key=secret",
            "s3://spins?region",
            "https://s3.example/spins",
        ] {
            let said = before.at("--to", wrong).unwrap_err().to_string();
            assert!(said.starts_with("--to: ") && !said.contains("secret"), "{said}");
        }
    }
}
