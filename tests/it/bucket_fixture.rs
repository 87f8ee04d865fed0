//! A data folder whose objects are in a bucket on moto.

use std::{fs, path::Path, process::Output};

use reqwest::{
    Client,
    header::{AUTHORIZATION, HeaderValue},
};

use crate::{
    fault_proxy::{Faults, Line},
    girasol::{Server, girasol, ingest_with},
    moto,
};

/// A data folder whose objects are in a bucket of its own, at the end of a line.
pub(crate) struct Bucket {
    folder: tempfile::TempDir,
    pub(crate) line: Line,
    /// The address of the bucket itself, without faults.
    pub(crate) address: String,
    pub(crate) client: Client,
}

impl Bucket {
    /// `None` where there is no moto.
    pub(crate) async fn new(name: &str, faults: Faults) -> Option<Self> {
        let server = moto::address()?;
        // Not a real signature: moto does not verify it.
        let signature = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request";
        let headers = [(AUTHORIZATION, HeaderValue::from_static(signature))].into_iter().collect();
        let client = Client::builder().no_proxy().default_headers(headers).build().unwrap();
        let bucket = format!("{server}/{name}");
        assert_eq!(client.put(&bucket).send().await.unwrap().status(), 200);
        let (folder, line) = (tempfile::tempdir().unwrap(), Line::to(server, faults));
        let settings = format!(
            "[cache]\nwarm = 0\n[store]\nkind = 's3'\nbucket = '{name}'\nprefix = 'spins'\nregion = 'us-east-1'\nendpoint = '{}'\n\
             path_style = true\nattempts = 4\n",
            line.address
        );
        fs::write(folder.path().join("girasol.toml"), settings).unwrap();
        Some(Self { folder, line, address: bucket, client })
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

    pub(crate) fn ingest(&self, metal: &str, colour: [u8; 3]) {
        ingest_with(self.data(), metal, colour, 12, &["--config", &self.config()]);
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

    pub(crate) async fn object(&self, path: &str) -> Vec<u8> {
        let response = self.client.get(format!("{}/spins{path}", self.address)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.bytes().await.unwrap().to_vec()
    }

    pub(crate) async fn replace(&self, path: &str, bytes: &[u8]) {
        let put = self.client.put(format!("{}/spins{path}", self.address)).body(bytes.to_vec());
        assert_eq!(put.send().await.unwrap().status(), 200);
    }

    pub(crate) async fn objects(&self) -> usize {
        let listed = self.client.get(format!("{}?list-type=2", self.address)).send().await.unwrap();
        let listed = listed.text().await.unwrap();
        listed.matches("<Key>spins/").count() - listed.matches("<Key>spins/identity.txt<").count()
    }
}
