//! `girasol edge`.

use std::fmt::Write as _;

use assets_pipeline::plan::tiers::Format;
use clap::{Args, builder::PossibleValue};

use crate::{
    cdn::edge::{Address, Edge, Setup},
    config::Config,
};

use super::{
    failure::{Details, Explain},
    print_result,
};

/// Arguments of `girasol edge`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol edge
  girasol edge varnish --origin 10.0.0.5:8360 > default.vcl
  girasol edge nginx --edge-listen 8080 --edge-cache /srv/cache > girasol.conf")]
pub(super) struct EdgeArgs {
    /// The cache or CDN; without it, all are listed.
    #[arg(value_name = "NAME")]
    edge: Option<Edge>,
    /// Address at which the edge reaches Girasol [default: the address that the server listens on].
    #[arg(long, value_name = "HOST:PORT")]
    origin: Option<Address>,
    /// Address and port that nginx itself listens on.
    #[arg(long, help_heading = "nginx", value_name = "[ADDR:]PORT", default_value = "80", value_parser = plain)]
    edge_listen: String,
    /// Folder of nginx's cache.
    #[arg(long, help_heading = "nginx", value_name = "DIR", default_value = "/var/cache/girasol", value_parser = plain)]
    edge_cache: String,
}

/// The address that the server listens on is none at which an edge could reach it.
#[derive(Debug, thiserror::Error)]
#[error("an edge cannot reach the server at {listen}")]
pub(super) struct EdgeError {
    listen: String,
}

impl Explain for EdgeError {
    fn details(&self) -> Details {
        Details::with("no-origin", "Name its host and port with --origin, as 10.0.0.5:8360.")
    }
}

pub(super) fn run(config: &Config, args: EdgeArgs) -> Result<(), EdgeError> {
    let Some(edge) = args.edge else {
        let mut list = String::new();
        for edge in Edge::ALL {
            let _ = writeln!(list, "{:<11} {}", edge.as_str(), edge.what());
        }
        print_result(list.trim_end());
        return Ok(());
    };
    let origin = match args.origin {
        Some(origin) => origin,
        None => {
            config.server.listen.parse().map_err(|_bad| EdgeError { listen: config.server.listen.clone() })?
        }
    };
    let setup = Setup {
        policy: &config.policy,
        avif: config.tier_table().formats.contains(&Format::Avif),
        origin: &origin,
        listen: &args.edge_listen,
        cache: &args.edge_cache,
    };
    print_result(edge.print(&setup).trim_end());
    Ok(())
}

/// Text that is printed into a configuration must not end its line.
fn plain(text: &str) -> Result<String, &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/.:-_[]".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("write letters, digits and /.:-_[] only")
    }
}

impl clap::ValueEnum for Edge {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()).help(self.what()))
    }
}
