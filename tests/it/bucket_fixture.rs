//! A data folder whose objects are in a bucket on the tests' S3 server.

use std::{fs, path::Path, process::Output, sync::LazyLock};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::{
    Client,
    config::{Credentials, RequestChecksumCalculation},
    error::SdkError,
    operation::create_bucket::CreateBucketError,
};

use assets_pipeline::digest::Digest;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest as _, Sha256};

use crate::{
    bucket_server,
    fault_proxy::{Faults, Line},
    girasol::{Server, girasol, ingest_with},
};

/// A data folder whose objects are in a bucket of its own, at the end of a line.
pub(crate) struct Bucket {
    folder: tempfile::TempDir,
    pub(crate) line: Line,
    pub(crate) name: String,
    /// The address of the bucket itself, without faults.
    pub(crate) address: String,
    client: Client,
}

impl Bucket {
    /// `None` where there is no S3 server.
    pub(crate) async fn new(name: &str, faults: Faults) -> Option<Self> {
        // A server that runs already has the buckets of other runs.
        static RUN: LazyLock<String> = LazyLock::new(|| format!("{:08x}", std::process::id()));
        Self::called(format!("{name}-{}", *RUN), faults).await
    }

    /// The same with this very name.
    pub(crate) async fn called(name: String, faults: Faults) -> Option<Self> {
        let server = bucket_server::address()?;
        let (key, secret) = bucket_server::credentials();
        let client = client(server, &key, &secret).await;
        let made = client.create_bucket().bucket(&name).send().await.map_err(SdkError::into_service_error);
        let is_ours = made.as_ref().err().is_none_or(CreateBucketError::is_bucket_already_owned_by_you);
        assert!(is_ours, "{made:?}");
        let (folder, line) = (tempfile::tempdir().unwrap(), Line::to(server, faults));
        let settings = format!(
            "[cache]\nwarm = 0\n[store]\nkind = 's3'\nbucket = '{name}'\nprefix = 'spins'\nregion = 'us-east-1'\nendpoint = '{}'\n\
             path_style = true\nattempts = 4\n",
            line.address
        );
        fs::write(folder.path().join("girasol.toml"), settings).unwrap();
        Some(Self { folder, line, address: format!("{server}/{name}"), name, client })
    }

    /// More lines of the config, of its last section first.
    pub(crate) fn set(&self, lines: &str) {
        let config = fs::read_to_string(self.config()).unwrap() + lines + "\n";
        fs::write(self.config(), config).unwrap();
    }

    pub(crate) fn data(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config(&self) -> String {
        self.data().join("girasol.toml").to_str().unwrap().to_owned()
    }

    /// A place in the bucket, as a command line names it, at the end of the line.
    pub(crate) fn url(&self, prefix: &str) -> String {
        self.url_at(&self.line, prefix)
    }

    /// The same at the end of another line.
    pub(crate) fn url_at(&self, line: &Line, prefix: &str) -> String {
        let name = &self.name;
        format!("s3://{name}/{prefix}?region=us-east-1&endpoint={}&path_style=true", line.address)
    }

    pub(crate) fn ingest(&self, metal: &str, colour: [u8; 3]) {
        ingest_with(self.data(), metal, colour, 12, &["--config", &self.config()]);
    }

    /// The header of an admin.
    pub(crate) fn admin(&self) -> String {
        let output = self.girasol(&["key", "create", "--role", "admin"]);
        format!("Bearer {}", String::from_utf8(output.stdout).unwrap().trim())
    }

    pub(crate) fn serve(&self) -> Server {
        Server::start_over(self.data(), &["serve", "--config", &self.config()])
    }

    pub(crate) fn girasol(&self, arguments: &[&str]) -> Output {
        let output = self.try_girasol(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// The same for a command that may fail.
    pub(crate) fn try_girasol(&self, arguments: &[&str]) -> Output {
        let mut command = girasol();
        command.args(arguments).args(["--config", &self.config(), "--data"]).arg(self.data());
        command.env("GIRASOL_VERSIONS__KEEP_DAYS", "0").output().unwrap()
    }

    /// Puts an object of any name into the bucket.
    pub(crate) async fn put(&self, name: &str, bytes: Vec<u8>) {
        let put = self.client.put_object().bucket(&self.name).key(name).body(bytes.into());
        put.send().await.unwrap();
    }

    /// Puts these bytes where the pack of other bytes belongs, of which it says all that stands beside an object. Gives the address
    /// of the pack.
    pub(crate) async fn put_as(&self, bytes: &[u8], pack: &[u8]) -> String {
        let path = format!("/p/{}.pack", Digest::of(pack));
        self.record_as(&path, bytes, pack).await;
        path
    }

    /// Puts an object that says of itself what stands beside another one.
    pub(crate) async fn record_as(&self, path: &str, bytes: &[u8], other: &[u8]) {
        let put = self.client.put_object().bucket(&self.name).key(format!("spins{path}"));
        let put = put.metadata("sha256", BASE64_STANDARD.encode(Sha256::digest(other)));
        put.body(bytes.to_vec().into()).send().await.unwrap();
    }

    pub(crate) async fn delete(&self, name: &str) {
        self.client.delete_object().bucket(&self.name).key(name).send().await.unwrap();
    }

    /// What the names of a place have after it.
    pub(crate) async fn names(&self, place: &str) -> Vec<String> {
        let mut pages = {
            let list = self.client.list_objects_v2().bucket(&self.name).prefix(place);
            list.into_paginator().send()
        };
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.unwrap();
            let keys = page.contents().iter().map(|object| object.key().unwrap());
            names.extend(keys.map(|key| key.strip_prefix(place).unwrap().to_owned()));
        }
        names
    }

    pub(crate) async fn object(&self, path: &str) -> Vec<u8> {
        let got = self.client.get_object().bucket(&self.name).key(format!("spins{path}")).send().await;
        got.unwrap_or_else(|error| panic!("{path}: {error}")).body.collect().await.unwrap().to_vec()
    }

    pub(crate) async fn replace(&self, path: &str, bytes: &[u8]) {
        self.put(&format!("spins{path}"), bytes.to_vec()).await;
    }

    pub(crate) async fn objects(&self) -> usize {
        let names = self.names("spins/").await;
        names.iter().filter(|name| *name != "identity.txt").count()
    }
}

/// Asks a server, as the program does not.
async fn client(server: &str, key: &str, secret: &str) -> Client {
    let shared = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(server)
        .credentials_provider(Credentials::new(key, secret, None, None, "tests"))
        .load()
        .await;
    let config = aws_sdk_s3::config::Builder::from(&shared)
        .force_path_style(true)
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
    Client::from_conf(config.build())
}
