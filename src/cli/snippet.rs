//! `girasol snippet`.

use std::net::SocketAddr;

use actix_web::http::Uri;
use clap::Args;

use crate::{
    app::App,
    domain::names::ConfigId,
    http::snippet::{Snippet, alt_of},
    library::manifests,
};

use super::{
    failure::{CliError, Details, Explain},
    known, print_result,
    words::configuration,
};

/// Arguments of `girasol snippet`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol snippet ring.solitaire.metal-yellow-gold.stone-diamond --base https://spins.example
  girasol snippet ring.solitaire.metal-yellow-gold.stone-diamond --base https://spins.example --link")]
pub(super) struct SnippetArgs {
    /// The configuration, as ring.solitaire.metal-yellow-gold.stone-diamond.
    #[arg(value_name = "CONFIGURATION", value_parser = configuration)]
    configuration: ConfigId,
    /// Address of the server or the CDN for visitors, as https://spins.example [default: the address that the server listens on].
    #[arg(long, value_name = "URL", value_parser = base)]
    base: Option<String>,
    /// Print the value of a Link header in place of the lines, for a shop that sends one with its page or as 103 Early Hints.
    #[arg(long)]
    link: bool,
}

/// Why there are no lines.
#[derive(Debug, thiserror::Error)]
enum SnippetError {
    /// Nothing of the configuration is live.
    #[error("{configuration} has no live spin")]
    NotLive {
        /// The id that was given.
        configuration: ConfigId,
        /// What would do, in a sentence.
        known: String,
    },
    /// Its addresses are not for everyone.
    #[error("{0} is protected: only signed addresses show it")]
    Protected(ConfigId),
    /// The address that the server listens on is none that visitors can reach.
    #[error("visitors cannot reach the server at {listen}")]
    NoBase {
        /// As configured.
        listen: String,
    },
    /// The live version's manifest is missing or damaged.
    #[error("the manifest of {0} cannot be read")]
    Damaged(ConfigId),
}

impl Explain for SnippetError {
    fn details(&self) -> Details {
        match self {
            Self::NotLive { known, .. } => Details::with("no-spin", known),
            Self::Protected(id) => Details::with("protected", format!("Sign an address: girasol sign {id}")),
            Self::NoBase { .. } => {
                Details::with("no-base", "Name its address with --base, as https://spins.example.")
            }
            Self::Damaged(_) => {
                Details::with("damaged", "See what is damaged, and mend it: girasol store verify --repair")
            }
        }
    }
}

pub(super) async fn run(app: &App, args: SnippetArgs) -> Result<(), CliError> {
    let SnippetArgs { configuration, base, link } = args;
    let listen = &app.config.server.listen;
    let base = match base {
        Some(base) => base,
        None if is_anywhere(listen) => return Err(SnippetError::NoBase { listen: listen.clone() }.into()),
        None => format!("http://{listen}"),
    };
    let Some(pointer) = app.db.pointer(&configuration).await? else {
        let known = known::configurations_like(&app.db, &configuration).await?;
        return Err(SnippetError::NotLive { configuration, known }.into());
    };
    if pointer.namespace.is_private() {
        return Err(SnippetError::Protected(configuration).into());
    }
    let product = app.db.load_public_product(&configuration.product()).await?;
    let manifest = manifests::load(&app.store, pointer.digest).await?;
    app.db.close().await;
    let Some(manifest) = manifest else { return Err(SnippetError::Damaged(configuration).into()) };
    let snippet = Snippet {
        base: &base,
        manifest: &manifest,
        digest: pointer.digest,
        policy: &app.config.policy,
        delivery: &app.config.delivery,
        alt: &alt_of(product.as_ref(), &configuration),
    };
    print_result(if link { snippet.link() } else { snippet.html() }.trim_end());
    Ok(())
}

/// An origin that may stand in headers and attributes. Manifests name files from its root, so that a path would lead elsewhere.
fn base(text: &str) -> Result<String, &'static str> {
    let origin = text.parse::<Uri>().ok().filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")));
    let host = origin.as_ref().and_then(Uri::authority).filter(|authority| !authority.as_str().contains('@'));
    match (&origin, host) {
        (Some(uri), Some(host))
            if uri.path() == "/"
                && uri.query().is_none()
                && host.host().bytes().any(|byte| byte.is_ascii_alphanumeric()) =>
        {
            Ok(format!("{}://{host}", uri.scheme_str().unwrap_or_default()))
        }
        _ => Err("write an origin without a path, as https://spins.example"),
    }
}

/// Whether an address to listen on says nothing of where the server is.
fn is_anywhere(listen: &str) -> bool {
    listen.parse::<SocketAddr>().is_ok_and(|address| address.ip().is_unspecified() || address.port() == 0)
}
