//! `girasol jobs`.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use crate::{
    app::App,
    db::{
        jobs::{LogLine, StoredJob},
        listing::{JobFilter, ListedJob},
    },
    domain::{
        job::{JobId, JobState},
        names::ProductId,
    },
};

use super::{
    OUTPUT,
    failure::{CliError, Details, Explain},
    print_message, print_result,
    table::{PageArgs, table},
    timestamp,
    words::one_of,
};

/// The last lines of a job's log that are printed.
const LOG_LINES: u32 = 1000;

/// Arguments of `girasol jobs`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol jobs
  girasol jobs --state failed --product ring/solitaire
  girasol jobs 3f1c9a0be7d24c5f8a6b1d2e3f405162
  girasol jobs --limit 200 --json")]
pub(super) struct JobsArgs {
    /// The id of one job, which is shown with its log [default: the list of all jobs].
    #[arg(value_name = "JOB", conflicts_with_all = ["state", "product", "limit", "skip"])]
    job: Option<JobId>,
    /// List jobs in one state.
    #[arg(long, help_heading = "Filters", value_name = "STATE", value_parser = one_of::<JobState>(JobState::ALL.map(JobState::as_str)))]
    state: Option<JobState>,
    /// List the jobs of one product, as ring/solitaire.
    #[arg(long, help_heading = "Filters", value_name = "TYPE/MODEL")]
    product: Option<ProductId>,
    #[command(flatten)]
    page: PageArgs,
    /// Print the result as JSON.
    #[arg(long, help_heading = OUTPUT)]
    pub(super) json: bool,
}

/// There is no such job.
#[derive(Debug, thiserror::Error)]
#[error("there is no job {0}")]
struct NoSuchJob(JobId);

impl Explain for NoSuchJob {
    fn details(&self) -> Details {
        Details::with("no-job", "List the jobs: girasol jobs")
    }
}

pub(super) async fn run(app: &App, args: JobsArgs) -> Result<(), CliError> {
    let JobsArgs { job, state, product, page, json } = args;
    if let Some(id) = job {
        return show(app, id, json).await;
    }
    let listed = app.db.list_jobs(&JobFilter { state, product }, page.page()).await?;
    app.db.close().await;
    if json {
        let jobs: Vec<Value> = listed.entries.iter().map(listed_json).collect();
        print_result(&json!({ "jobs": jobs, "total": listed.total }).to_string());
        return Ok(());
    }
    if listed.entries.is_empty() {
        print_result("There is no such job.");
        return Ok(());
    }
    let heads = ["job", "state", "changed", "encodes", "result"];
    let rows = listed.entries.iter().map(|listed| {
        let StoredJob { id, state, changed_at_ms, .. } = &listed.job;
        let state = state.as_str().to_owned();
        [id.to_string(), state, timestamp(*changed_at_ms), encodes(listed), result(&listed.job)]
    });
    print_result(&table(heads, rows));
    if let Some(rest) = page.rest(&listed) {
        print_message(&rest);
    }
    Ok(())
}

async fn show(app: &App, id: JobId, json: bool) -> Result<(), CliError> {
    let Some(job) = app.db.job(&id).await? else { return Err(NoSuchJob(id).into()) };
    let log = app.db.job_log(&id, LOG_LINES).await?;
    app.db.close().await;
    if json {
        let lines =
            log.iter().map(|LogLine { at_ms, line }| json!({ "at": timestamp(*at_ms), "line": line }));
        let mut shown = as_json(&job);
        shown["log"] = lines.collect();
        print_result(&shown.to_string());
        return Ok(());
    }
    let mut text = format!(
        "job        {id}\nframe set  {}\nstate      {}, attempt {}\nqueued     {}\nchanged    {}\nresult     {}",
        job.frameset,
        job.state.as_str(),
        job.attempts,
        timestamp(job.created_at_ms),
        timestamp(job.changed_at_ms),
        result(&job),
    );
    if let Some(remedy) = job.failure.as_ref().and_then(|failure| failure["remedy"].as_str()) {
        let _ = write!(text, "\n           {remedy}");
    }
    for LogLine { at_ms, line } in &log {
        let _ = write!(text, "\n{}  {line}", timestamp(*at_ms));
    }
    print_result(&text);
    Ok(())
}

/// What the job encodes: the configuration, or what is known of it before there is one.
fn encodes(ListedJob { job, product, choices }: &ListedJob) -> String {
    if let Some((configuration, _)) = &job.version {
        return configuration.to_string();
    }
    let choices = choices.iter().map(|(option, choice)| format!(" {option}={choice}"));
    format!("{product}{}", choices.collect::<String>())
}

/// What came of it, or how far it is.
fn result(job: &StoredJob) -> String {
    match (job.state, &job.version, &job.failure) {
        (JobState::Ready, Some((_, version)), _) => format!("version {version}"),
        (JobState::Running, ..) => {
            let stage = job.stage.as_deref().unwrap_or("begins");
            format!("{stage}, {} of {}", job.done, job.total)
        }
        (JobState::Queued, ..) if job.waits_for_previews => {
            "standard and hd wait: previews of new sets go first".to_owned()
        }
        (JobState::Queued, _, Some(failure)) => {
            format!("tried again at {}: {}", timestamp(job.run_at_ms), message(failure))
        }
        (_, _, Some(failure)) => message(failure),
        _ => "-".to_owned(),
    }
}

fn message(failure: &Value) -> String {
    failure["message"].as_str().unwrap_or_default().to_owned()
}

fn listed_json(listed: &ListedJob) -> Value {
    let mut job = as_json(&listed.job);
    job["product"] = json!(listed.product.to_string());
    job["choices"] = json!(listed.choices);
    job
}

fn as_json(job: &StoredJob) -> Value {
    let preview = job.preview.as_ref().filter(|_| job.version.is_none());
    let preview = preview.map(|(id, version)| json!({ "configuration": id, "version": version }));
    let (configuration, version) = job.version.as_ref().map(|(id, version)| (id, version)).unzip();
    json!({
        "id": job.id.as_str(),
        "frameset": job.frameset.as_str(),
        "state": job.state.as_str(),
        "waitsFor": job.waits_for_previews.then_some("previews"),
        "priority": job.priority,
        "attempts": job.attempts,
        "stage": job.stage,
        "done": job.done,
        "total": job.total,
        "configuration": configuration,
        "version": version,
        "preview": preview,
        "failure": job.failure,
        "queued": timestamp(job.created_at_ms),
        "changed": timestamp(job.changed_at_ms),
    })
}
