//! Where notifications go: webhooks in the formats of Slack, Teams and PagerDuty, one's own server, and programs.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, ExitStatus, Stdio},
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::{
    cdn::purge::client::{Client, Secret, SendError, SendErrorKind, signature},
    config::{BadTarget, Channel as Settings, ChannelKind, Least, Sends},
    db::now_ms,
    domain::alerts::{Alert, ChangeKind, Severity},
};

use super::notice::Stored;

/// PagerDuty's Events API, version 2.
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";
/// How long a program may run.
const COMMAND_WITHIN: Duration = Duration::from_secs(30);
/// How often it is looked whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// What a program gets of this process's environment, which may hold secrets.
const KEPT_VARIABLES: [&str; 3] = ["PATH", "HOME", "LANG"];

/// A channel of the settings, with its secrets.
#[derive(Debug)]
pub(super) struct Channel {
    name: String,
    least: Least,
    sends: Sends,
    client: Client,
    way: Way,
}

/// How a channel is reached.
#[derive(Debug)]
enum Way {
    Slack(Secret),
    Teams(Secret),
    Pagerduty { url: Secret, key: Secret },
    Webhook { url: Secret, secret: Option<Secret> },
    Command(Vec<String>),
}

impl Channel {
    /// Reads the secrets that validated settings name.
    pub(super) fn open(settings: &Settings) -> Result<Self, BadTarget> {
        let bad =
            |problem: String| BadTarget { list: "alerts.channels", name: settings.name.clone(), problem };
        let Settings { url, url_env, url_file, token_env, token_file, command, .. } = settings;
        let read_url = || match url {
            Some(url) => Ok(Some(Secret::new(url.expose()))),
            None => read("url", url_env.as_deref(), url_file.as_deref()),
        };
        let url = read_url().map_err(bad)?;
        let token = read("token", token_env.as_deref(), token_file.as_deref()).map_err(bad)?;
        if url.as_ref().is_some_and(|url| reqwest::Url::parse(url.expose()).is_err()) {
            return Err(bad("its url is no address".to_owned()));
        }
        let needed = |secret: Option<Secret>, what: &str| secret.ok_or_else(|| bad(format!("has no {what}")));
        let way = match settings.kind {
            ChannelKind::Slack => Way::Slack(needed(url, "url")?),
            ChannelKind::Teams => Way::Teams(needed(url, "url")?),
            ChannelKind::Pagerduty => Way::Pagerduty {
                url: url.unwrap_or_else(|| Secret::new(PAGERDUTY)),
                key: needed(token, "routing key")?,
            },
            ChannelKind::Webhook => Way::Webhook { url: needed(url, "url")?, secret: token },
            ChannelKind::Command => Way::Command(command.clone()),
        };
        let client = Client::new().map_err(|error| bad(error.without_url().to_string()))?;
        Ok(Self { name: settings.name.clone(), least: settings.least, sends: settings.send, client, way })
    }

    /// Its name in the settings.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is sent what became of an alert.
    pub(super) fn takes(&self, kind: ChangeKind, alert: &Alert, severity: Severity) -> bool {
        let is_sent = match self.sends {
            Sends::All => true,
            Sends::Escalations => kind == ChangeKind::Escalated || alert.escalated,
        };
        is_sent && self.least.includes(severity)
    }

    /// Whether it is sent reports of launches: one that wakes people is not.
    pub(super) fn takes_reports(&self) -> bool {
        let is_quiet = !matches!(self.way, Way::Pagerduty { .. }) && self.least == Least::Warning;
        is_quiet && self.sends == Sends::All
    }

    /// Sends a stored message.
    pub(super) async fn send(&self, message: &Value) -> Result<(), SendError> {
        let stored = Stored(message);
        match &self.way {
            Way::Slack(url) => self.post(url, &slack(stored), None).await,
            Way::Teams(url) => self.post(url, &teams(stored), None).await,
            Way::Pagerduty { url, key } => self.post(url, &pagerduty(stored, key), Some(key)).await,
            Way::Webhook { url, secret } => self.post_signed(url, message, secret.as_ref()).await,
            Way::Command(command) => run(command, stored).await,
        }
    }

    async fn post(&self, url: &Secret, body: &Value, secret: Option<&Secret>) -> Result<(), SendError> {
        let request = self.client.http.post(url.expose()).header(CONTENT_TYPE, "application/json");
        let secrets: Vec<&Secret> = [Some(url), secret].into_iter().flatten().collect();
        self.client.send(request.body(body.to_string()), &[], &secrets).await.map(drop)
    }

    async fn post_signed(
        &self,
        url: &Secret,
        message: &Value,
        secret: Option<&Secret>,
    ) -> Result<(), SendError> {
        let body = message.to_string();
        let mut request = self.client.http.post(url.expose()).header(CONTENT_TYPE, "application/json");
        if let Some(secret) = secret {
            request = request.header("Girasol-Signature", signature(secret, now_ms() / 1000, &body));
        }
        let secrets: Vec<&Secret> = [Some(url), secret].into_iter().flatten().collect();
        self.client.send(request.body(body), &[], &secrets).await.map(drop)
    }
}

/// Reads a secret from a variable or a file, if either is named.
fn read(what: &str, variable: Option<&str>, file: Option<&Path>) -> Result<Option<Secret>, String> {
    let text = match (variable, file) {
        (Some(name), _) => {
            std::env::var(name).map_err(|_missing| format!("the variable {name} ({what}_env) is not set"))?
        }
        (None, Some(path)) => std::fs::read_to_string(path)
            .map_err(|error| format!("{} ({what}_file) cannot be read: {error}", path.display()))?,
        (None, None) => return Ok(None),
    };
    if text.trim().is_empty() {
        return Err(format!("its {what} is empty"));
    }
    Ok(Some(Secret::new(&text)))
}

fn slack(message: Stored<'_>) -> Value {
    // Slack's own escapes: what is left could be read as a link or a mention.
    let text = message.text().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    json!({ "text": text })
}

fn teams(message: Stored<'_>) -> Value {
    let block = |text: &str, weight: &str| json!({ "type": "TextBlock", "text": text, "wrap": true, "weight": weight });
    let text = message.text();
    let body: Vec<Value> = text
        .lines()
        .enumerate()
        .map(|(at, line)| block(line, if at == 0 { "Bolder" } else { "Default" }))
        .collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": body,
            },
        }],
    })
}

fn pagerduty(message: Stored<'_>, key: &Secret) -> Value {
    let (name, subject) = (message.field("name"), message.field("subject"));
    let dedup_key = format!("girasol/{name}/{subject}");
    if message.is_over() {
        return json!({ "routing_key": key.expose(), "event_action": "resolve", "dedup_key": dedup_key });
    }
    let severity = if message.field("severity") == "critical" { "critical" } else { "warning" };
    let mut event = json!({
        "routing_key": key.expose(),
        "event_action": "trigger",
        "dedup_key": dedup_key,
        "client": "Girasol",
        "payload": {
            "summary": format!("{} {}", message.title(), message.field("text")),
            "source": if subject.is_empty() { "girasol" } else { subject },
            "severity": severity,
            "timestamp": message.field("at"),
            "class": name,
            "custom_details": { "value": message.0["value"], "since": message.field("since") },
        },
    });
    if !message.field("runbook").is_empty() {
        event["links"] = json!([{ "href": message.field("runbook"), "text": "Runbook" }]);
    }
    event
}

/// Runs a program with the text as its input, on a thread that may block.
async fn run(command: &[String], message: Stored<'_>) -> Result<(), SendError> {
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    let kept = KEPT_VARIABLES.iter().filter_map(|name| Some((*name, std::env::var_os(name)?)));
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(kept)
        .env("ALERT_NAME", message.field("name"))
        .env("ALERT_STATE", message.field("state"))
        .env("ALERT_SEVERITY", message.field("severity"))
        .env("ALERT_SUBJECT", message.field("subject"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let text = message.text() + "\n";
    // A server that stops does not wait for it.
    let wanted = Arc::new(());
    let is_wanted = Arc::downgrade(&wanted);
    let ended = tokio::task::spawn_blocking(move || run_within(command, text, &is_wanted)).await;
    drop(wanted);
    let failed = |why: String| SendError::new(SendErrorKind::Unreachable, format!("{program} {why}"));
    match ended.unwrap_or_else(|panic| Err(std::io::Error::other(panic))) {
        Ok(Some(status)) if status.success() => Ok(()),
        Ok(Some(status)) => Err(failed(format!("ended with {status}"))),
        Ok(None) => Err(failed(format!("ran for {} s", COMMAND_WITHIN.as_secs()))),
        Err(error) => Err(failed(format!("cannot be run: {error}"))),
    }
}

/// How a program ended; `None` if it was ended, because it took too long or is not wanted any more.
fn run_within(
    mut command: Command,
    text: String,
    is_wanted: &Weak<()>,
) -> std::io::Result<Option<ExitStatus>> {
    let mut child = command.spawn()?;
    let input = child.stdin.take();
    // A program may close its input unread, or never read it.
    std::thread::spawn(move || input.map(|mut input| input.write_all(text.as_bytes())));
    let began = Instant::now();
    while began.elapsed() < COMMAND_WITHIN && is_wanted.strong_count() > 0 {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(LOOK_EVERY);
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(state: &str) -> Value {
        json!({
            "name": "purge-old", "state": state, "severity": "critical", "subject": "<edge>",
            "text": "A purge is old: 75 s & more.", "runbook": "https://wiki.example/r#purge-old",
            "since": "2026-11-27T20:00:00Z", "at": "2026-11-27T20:01:00Z", "value": 75.4,
        })
    }

    #[test]
    fn slack_reads_no_markup_in_names() {
        let body = slack(Stored(&message("firing")));
        let text = body["text"].as_str().unwrap();
        assert!(text.starts_with("Critical: purge-old (&lt;edge&gt;)\n"), "{text}");
        assert!(text.contains("75 s &amp; more"), "{text}");
    }

    #[test]
    fn teams_gets_a_card_with_a_line_each() {
        let body = teams(Stored(&message("firing")));
        let lines = body["attachments"][0]["content"]["body"].as_array().unwrap();
        assert_eq!(lines.len(), 4);
        assert_eq!((&lines[0]["weight"], &lines[1]["weight"]), (&json!("Bolder"), &json!("Default")));
    }

    #[test]
    fn pagerduty_opens_and_closes_one_incident() {
        let key = Secret::new("K");
        let opened = pagerduty(Stored(&message("firing")), &key);
        let closed = pagerduty(Stored(&message("resolved")), &key);
        assert_eq!(
            (&opened["event_action"], &closed["event_action"]),
            (&json!("trigger"), &json!("resolve"))
        );
        assert_eq!(opened["dedup_key"], closed["dedup_key"]);
        assert_eq!(opened["payload"]["severity"], "critical");
        assert_eq!(opened["links"][0]["href"], "https://wiki.example/r#purge-old");
    }

    #[tokio::test]
    async fn a_program_reads_the_text_and_knows_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let script = format!("cat > {0}; env >> {0}", out.display());
        let command = ["sh", "-c", &script].map(str::to_owned);
        run(&command, Stored(&message("firing"))).await.unwrap();
        let text = std::fs::read_to_string(&out).unwrap();
        assert!(text.starts_with("Critical: purge-old (<edge>)\n"), "{text}");
        assert!(text.contains("ALERT_STATE=firing"), "{text}");
        assert!(!text.contains("CARGO"), "{text}");
        for bad in [vec!["false"], vec!["/no/such/program"]] {
            let bad: Vec<String> = bad.into_iter().map(str::to_owned).collect();
            assert!(run(&bad, Stored(&message("firing"))).await.is_err(), "{bad:?}");
        }
    }
}
