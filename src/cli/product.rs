//! `girasol product`.

use std::{
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::{
    app::App,
    db::{
        DbError,
        configurations::RemovedConfiguration,
        import::{Changes, ImportError},
    },
    domain::{
        audit::Actor,
        import::{Fault, Offer, ProductFile},
        input,
        names::{ConfigId, ProductId},
        product::Product,
    },
};

use super::{
    First, OUTPUT,
    failure::{CliError, Details, Explain},
    known, print_message, print_result,
};

/// Arguments of `girasol product`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol product list
  girasol product import ring.toml bracelet.toml --dry-run
  girasol product export ring/solitaire > ring.toml")]
pub(super) struct ProductArgs {
    #[command(subcommand)]
    command: ProductCommand,
    /// Print the result as JSON; an export prints the file in JSON instead of TOML.
    #[arg(long, global = true, help_heading = OUTPUT)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
enum ProductCommand {
    /// List the products.
    #[command(after_help = "Example:
  girasol product list --json")]
    List,
    /// Check product files, and change nothing.
    #[command(after_help = "Example:
  girasol product check ring.toml")]
    Check {
        /// TOML, or JSON if the name ends in .json; - is standard input.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Create or change products by their files: labels, swatches, options, choices, hotspots. Either all files are
    /// imported or none.
    #[command(after_help = "Examples:
  girasol product import ring.toml --dry-run
  girasol product import ring.toml bracelet.json")]
    Import {
        /// TOML, or JSON if the name ends in .json; - is standard input.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Print what would change, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Print a product's file.
    #[command(after_help = "Example:
  girasol product export ring/solitaire > ring.toml")]
    Export {
        /// The product, as ring/solitaire.
        #[arg(value_name = "TYPE/MODEL")]
        product: ProductId,
    },
    /// Remove a configuration whose versions are all gone, and the choices that it alone has: a spelling mistake, say.
    /// `girasol take-down` deletes its versions before.
    #[command(after_help = "Example:
  girasol product remove-configuration ring.solitaire.metal-rose-glod")]
    RemoveConfiguration {
        /// The configuration, as ring.solitaire.metal-rose-gold.
        #[arg(value_name = "CONFIGURATION")]
        configuration: ConfigId,
    },
    /// Remove a product that has no configuration.
    #[command(after_help = "Example:
  girasol product remove ring/solitaire")]
    Remove {
        /// The product, as ring/solitaire.
        #[arg(value_name = "TYPE/MODEL")]
        product: ProductId,
    },
}

impl ProductArgs {
    /// Whether the command needs a data folder.
    pub(super) fn only_reads_files(&self) -> bool {
        matches!(self.command, ProductCommand::Check { .. })
    }

    pub(super) fn makes_first(&self) -> First {
        match self.command {
            ProductCommand::Import { .. } => First::May,
            _ => First::MayNot,
        }
    }

    /// The products that the files of an import offer; of any other command none. What is wrong with a file is said before
    /// anything is made.
    pub(super) fn read(&self) -> Result<Vec<Offer>, ProductError> {
        match &self.command {
            ProductCommand::Import { files, .. } => read_all(files),
            _ => Ok(Vec::new()),
        }
    }
}

/// Why a command about products failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProductError {
    /// The file cannot be read.
    #[error("{file} cannot be read")]
    Unreadable {
        /// The name on the command line.
        file: String,
        /// The reason.
        source: io::Error,
    },
    /// The file is no TOML or JSON of this shape.
    #[error("{file} is no product: {message}")]
    Malformed {
        /// The name on the command line.
        file: String,
        /// The reason, with the line.
        message: String,
    },
    /// The file breaks rules of products.
    #[error("{file} has {} faults:\n{}", .faults.len(), lines(.faults))]
    Faulty {
        /// The name on the command line.
        file: String,
        /// Every fault.
        faults: Vec<Fault>,
    },
    /// The configuration has versions, or frames that wait to become one.
    #[error("{0} has versions, or frames that wait to become one")]
    ConfigurationInUse(ConfigId),
    /// There is no such configuration.
    #[error("there is no configuration {configuration}")]
    NoSuchConfiguration {
        /// The id that was given.
        configuration: ConfigId,
        /// The ids that would do, in a sentence.
        known: String,
    },
    /// There is no such product.
    #[error("there is no product {product}")]
    NoSuchProduct {
        /// The id that was given.
        product: ProductId,
        /// The ids that would do, in a sentence.
        known: String,
    },
}

impl ProductError {
    async fn no_such_product(app: &App, product: &ProductId) -> Result<Self, DbError> {
        let known = known::products_like(&app.db, product).await?;
        Ok(Self::NoSuchProduct { product: product.clone(), known })
    }
}

impl Explain for ProductError {
    fn details(&self) -> Details {
        match self {
            Self::Unreadable { file, .. } | Self::Malformed { file, .. } => {
                Details { file: Some(file.clone()), ..Details::of("bad-product") }
            }
            Self::Faulty { file, .. } => Details {
                file: Some(file.clone()),
                ..Details::with("bad-product", "Nothing was imported. Correct the file, then try again.")
            },
            Self::ConfigurationInUse(_) => Details::with(
                "configuration-in-use",
                "Take its spin down (girasol take-down), and discard or finish its frame sets.",
            ),
            Self::NoSuchConfiguration { known, .. } => Details::with("no-configuration", known),
            Self::NoSuchProduct { known, .. } => Details::with("no-such-product", known),
        }
    }
}

fn lines(items: &[impl std::fmt::Display]) -> String {
    items.iter().map(|item| format!("  {item}")).collect::<Vec<_>>().join("\n")
}

/// `girasol product check`, which needs no data folder.
pub(super) fn check(args: &ProductArgs) -> Result<(), ProductError> {
    let ProductCommand::Check { files } = &args.command else { return Ok(()) };
    let offers = read_all(files)?;
    let ids: Vec<String> = offers.iter().map(|offer| offer.id.to_string()).collect();
    print_result(&if args.json {
        json!({ "products": ids }).to_string()
    } else {
        ids.iter().map(|id| format!("{id}: no fault found.")).collect::<Vec<_>>().join("\n")
    });
    Ok(())
}

pub(super) async fn run(app: &App, args: &ProductArgs, offers: &[Offer]) -> Result<(), CliError> {
    match &args.command {
        ProductCommand::Check { .. } => check(args)?,
        ProductCommand::List => list(app, args.json).await?,
        ProductCommand::Import { dry_run, .. } => import(app, offers, *dry_run, args.json).await?,
        ProductCommand::Export { product } => {
            let Some(stored) = app.db.load_product(product).await? else {
                return Err(ProductError::no_such_product(app, product).await?.into());
            };
            let file = ProductFile::of(&stored);
            let text = if args.json {
                serde_json::to_string_pretty(&file).ok()
            } else {
                toml::to_string(&file).ok()
            };
            print_result(text.unwrap_or_default().trim_end());
        }
        ProductCommand::RemoveConfiguration { configuration } => {
            remove_configuration(app, configuration, args.json).await?;
        }
        ProductCommand::Remove { product } => {
            match app.db.remove_product(product, &Actor::command_line()).await {
                Err(ImportError::NoSuchProduct(product)) => {
                    return Err(ProductError::no_such_product(app, &product).await?.into());
                }
                removed => removed?,
            }
            print_result(&if args.json {
                json!({ "product": product.to_string(), "outcome": "removed" }).to_string()
            } else {
                format!("{product} is removed.")
            });
        }
    }
    app.db.close().await;
    Ok(())
}

async fn remove_configuration(app: &App, id: &ConfigId, as_json: bool) -> Result<(), CliError> {
    let choices = match app.db.remove_configuration(id, &Actor::command_line()).await? {
        RemovedConfiguration::Done { choices, .. } => choices,
        RemovedConfiguration::InUse => return Err(ProductError::ConfigurationInUse(id.clone()).into()),
        RemovedConfiguration::NoSuchConfiguration => {
            let known = known::configurations_like(&app.db, id).await?;
            return Err(ProductError::NoSuchConfiguration { configuration: id.clone(), known }.into());
        }
    };
    let choices: Vec<String> = choices.iter().map(|(option, choice)| format!("{option}={choice}")).collect();
    print_result(&if as_json {
        json!({ "configuration": id.as_str(), "outcome": "removed", "choices": choices }).to_string()
    } else if choices.is_empty() {
        format!("{id} is removed.")
    } else {
        format!("{id} is removed, and so is {}.", choices.join(", "))
    });
    Ok(())
}

async fn list(app: &App, as_json: bool) -> Result<(), DbError> {
    let mut products = Vec::new();
    for id in app.db.product_ids().await? {
        products.extend(app.db.load_product(&id).await?);
    }
    if as_json {
        let product = |product: &Product| {
            let options: Vec<&str> = product.options.iter().map(|option| option.name.as_str()).collect();
            json!({ "id": product.id.to_string(), "label": product.label, "options": options, "spins": product.spins.len() })
        };
        print_result(&json!({ "products": products.iter().map(product).collect::<Vec<_>>() }).to_string());
    } else if products.is_empty() {
        print_result(
            "There is no product yet. An ingest creates one, and so does: girasol product import FILE",
        );
    } else {
        for product in products {
            let options: Vec<&str> = product.options.iter().map(|option| option.name.as_str()).collect();
            let (id, spins) = (product.id.to_string(), product.spins.len());
            let noun = if spins == 1 { "spin " } else { "spins" };
            let options = options.join(", ");
            print_result(&format!("{id:<32} {spins:>4} {noun}  {options:<24} {}", product.label));
        }
    }
    Ok(())
}

async fn import(app: &App, offers: &[Offer], dry_run: bool, as_json: bool) -> Result<(), CliError> {
    let actor = Actor::command_line();
    let mut outcomes = Vec::new();
    // A trial of all files comes first, so that none is imported if one cannot be.
    for is_trial in if dry_run { vec![true] } else { vec![true, false] } {
        outcomes.clear();
        for offer in offers {
            outcomes.push((offer, app.db.import_product(offer, &actor, is_trial).await?));
        }
    }
    if as_json {
        let products: Vec<Value> = outcomes
            .iter()
            .map(|(offer, Changes { is_new, added, removed, changed })| {
                json!({ "id": offer.id.to_string(), "new": is_new, "added": added, "removed": removed, "changed": changed })
            })
            .collect();
        print_result(&json!({ "dryRun": dry_run, "products": products }).to_string());
        return Ok(());
    }
    for (offer, changes) in outcomes {
        print_result(&summary(offer, &changes, dry_run));
    }
    Ok(())
}

fn summary(offer: &Offer, changes: &Changes, dry_run: bool) -> String {
    let Offer { id, .. } = offer;
    if changes.is_empty() {
        return format!("{id}: unchanged.");
    }
    let mut text = match (changes.is_new, dry_run) {
        (true, false) => format!("{id}: created."),
        (true, true) => format!("{id}: would be created."),
        (false, false) => format!("{id}: changed."),
        (false, true) => format!("{id}: would be changed."),
    };
    for (what, names) in
        [("added", &changes.added), ("changed", &changes.changed), ("removed", &changes.removed)]
    {
        if !names.is_empty() {
            text = format!("{text}\n  {what}: {}", names.join(", "));
        }
    }
    text
}

fn read_all(files: &[PathBuf]) -> Result<Vec<Offer>, ProductError> {
    files.iter().map(|file| read(file)).collect()
}

/// The product that a file offers.
pub(super) fn read(path: &Path) -> Result<Offer, ProductError> {
    let is_stdin = path.as_os_str() == "-";
    let file = if is_stdin { "standard input".to_owned() } else { path.display().to_string() };
    let mut text = String::new();
    let was_read = if is_stdin {
        io::stdin().read_to_string(&mut text).map(drop)
    } else {
        std::fs::read_to_string(path).map(|read| text = read)
    };
    was_read.map_err(|source| ProductError::Unreadable { file: file.clone(), source })?;
    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
        || (is_stdin && text.trim_start().starts_with('{'));
    let parsed: Result<ProductFile, String> =
        if is_json { input::from_json(text.as_bytes()) } else { input::from_toml(&text) };
    let parsed = parsed.map_err(|message| ProductError::Malformed { file: file.clone(), message })?;
    let offer = parsed.check().map_err(|faults| ProductError::Faulty { file, faults })?;
    if offer.options.is_empty() {
        print_message(&format!("{}: it has no option, and so a single configuration.", offer.id));
    }
    Ok(offer)
}
