//! Where a report goes besides the terminal: a webhook, and a command that sends mail.

use std::{
    io::{self, Write as _},
    process::{Command, ExitStatus, Stdio},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::StatusCode;
use serde_json::json;

use crate::cli::failure::{Details, Explain};

/// How long a webhook may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Characters of a line of base64 (RFC 2045, section 6.8).
const LINE: usize = 76;

/// Why a report was not sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    /// No answer came. The address is left out: it may be a secret.
    #[error("the webhook cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// It refuses.
    #[error("the webhook answers {0}")]
    Refused(StatusCode),
    /// The command does not start, or does not read.
    #[error("the mail command cannot be run")]
    NotRun(#[source] io::Error),
    /// The command failed.
    #[error("the mail command failed: {0}")]
    Failed(ExitStatus),
}

impl Explain for SendError {
    fn details(&self) -> Details {
        match self {
            Self::Unreachable(_) | Self::Refused(_) => {
                Details::with("webhook-failed", "Check the address of the webhook.")
            }
            Self::NotRun(_) | Self::Failed(_) => {
                Details::with("mail-failed", "Run the command by hand: it reads a message with its headers.")
            }
        }
    }
}

/// POSTs the text as Slack, Teams and Mattermost take it, and the figures beside it.
pub(super) async fn to_webhook(
    url: &str,
    title: &str,
    text: &str,
    figures: &serde_json::value::RawValue,
) -> Result<(), SendError> {
    let body = json!({ "text": format!("{title}\n```\n{text}\n```"), "report": figures }).to_string();
    let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
    let client = client.build().map_err(|error| SendError::Unreachable(error.without_url()))?;
    let request = client.post(url).header("content-type", "application/json").body(body);
    let response = request.send().await.map_err(|error| SendError::Unreachable(error.without_url()))?;
    if response.status().is_success() { Ok(()) } else { Err(SendError::Refused(response.status())) }
}

/// Gives a message to a command, as `sendmail ops@shop.example`: it has everything but the recipient.
pub(super) fn by_mail(command: &str, message: &str) -> Result<(), SendError> {
    let mut child =
        Command::new("sh").args(["-c", command]).stdin(Stdio::piped()).spawn().map_err(SendError::NotRun)?;
    let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(message.as_bytes()));
    let status = child.wait().map_err(SendError::NotRun)?;
    if !status.success() {
        return Err(SendError::Failed(status));
    }
    written.map_err(SendError::NotRun)
}

/// A message with the report as text and as a page (RFC 2046, section 5.1.4).
pub(super) fn message(title: &str, text: &str, page: &str) -> String {
    // No line of base64 begins with dashes.
    const BOUNDARY: &str = "girasol-report";
    let part = |kind: &str, body: &str| {
        let encoded = STANDARD.encode(body);
        let lines: Vec<&str> =
            (0..encoded.len()).step_by(LINE).map(|at| &encoded[at..encoded.len().min(at + LINE)]).collect();
        format!(
            "--{BOUNDARY}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            lines.join("\r\n")
        )
    };
    format!(
        "Subject: {title}\r\nMIME-Version: 1.0\r\nAuto-Submitted: auto-generated\r\n\
         Content-Type: multipart/alternative; boundary=\"{BOUNDARY}\"\r\n\r\n{}{}--{BOUNDARY}--\r\n",
        part("text/plain", text),
        part("text/html", page)
    )
}

#[cfg(test)]
mod tests {
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

    use super::*;

    #[test]
    fn a_message_has_the_text_and_the_page() {
        let message = message("Daily report", "all is well \u{2713}", &"<p>".repeat(100));
        let (head, body) = message.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("Subject: Daily report\r\n"));
        assert!(body.contains(&STANDARD.encode("all is well \u{2713}")) && body.contains("text/html"));
        assert!(message.split("\r\n").all(|line| line.len() <= 80), "{message}");
    }

    #[test]
    fn a_command_gets_the_message_and_its_failure_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sent");
        by_mail(&format!("cat > '{}'", file.display()), "Subject: x\r\n\r\ny").unwrap();
        assert_eq!(std::fs::read_to_string(file).unwrap(), "Subject: x\r\n\r\ny");
        assert!(matches!(by_mail("exit 3", "x"), Err(SendError::Failed(status)) if status.code() == Some(3)));
    }

    #[tokio::test]
    async fn a_webhook_gets_text_and_figures() {
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .respond_with(ResponseTemplate::new(200))
            .up_to_n_times(1)
            .mount(&server)
            .await;
        let figures = serde_json::value::to_raw_value(&json!({ "hours": 24 })).unwrap();
        to_webhook(&server.uri(), "Daily report", "fine", &figures).await.unwrap();
        let sent: serde_json::Value = server.received_requests().await.unwrap()[0].body_json().unwrap();
        assert_eq!(sent["text"], "Daily report\n```\nfine\n```");
        assert_eq!(sent["report"]["hours"], 24);
        let refused = to_webhook(&server.uri(), "Daily report", "fine", &figures).await;
        assert!(matches!(refused, Err(SendError::Refused(StatusCode::NOT_FOUND))));
        let secret = format!("{}/secret", server.uri());
        drop(server);
        let gone = to_webhook(&secret, "Daily report", "fine", &figures).await.unwrap_err();
        assert!(!format!("{gone:?}").contains("secret"), "{gone:?}");
    }
}
