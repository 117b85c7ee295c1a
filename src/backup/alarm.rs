//! Telling somebody that backups fail: a program, or a webhook.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde::Serialize;
use tokio::process::Command;

use crate::config::{OnFailure, Secret};
use crate::domain::BackupStatus;
use crate::outbound;

/// Whoever takes longer is not waited for.
const DEADLINE: Duration = Duration::from_secs(30);

/// What is told.
#[derive(Debug, Serialize)]
pub struct News {
    /// `backup_failed`, `backup_overdue` or `backup_shrunk`.
    pub event: &'static str,
    /// One sentence.
    reason: String,
    /// When the newest good backup was made.
    last_backup: Option<String>,
    /// Which database.
    database: String,
}

impl News {
    /// `None`: nothing is wrong.
    pub fn of(status: &BackupStatus, database: &str) -> Option<Self> {
        Some(Self {
            event: match status.code() {
                "failed" => "backup_failed",
                "overdue" => "backup_overdue",
                _ => "backup_shrunk",
            },
            reason: status.trouble()?,
            last_backup: status.last_success.map(|at| at.to_string()),
            database: database.to_owned(),
        })
    }
}

/// Tells it; the text of an error says why nobody took it.
pub async fn tell(whom: &OnFailure, news: News) -> Result<(), String> {
    match whom {
        OnFailure::Nobody => Ok(()),
        OnFailure::Command(words) => run(words, &news).await,
        OnFailure::Webhook(url) => {
            let url = url.clone();
            let posted = tokio::task::spawn_blocking(move || post(&url, &news)).await;
            posted.map_err(|e| e.to_string())?
        }
    }
}

/// Runs the program in a group of its own, so that at the deadline whatever it started ends with it. It does not get our
/// settings, as there are secrets among them.
async fn run(words: &[String], news: &News) -> Result<(), String> {
    let Some((program, arguments)) = words.split_first() else {
        return Ok(());
    };
    let mut command = Command::new(program);
    for (name, _) in
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BAI_"))
    {
        command.env_remove(name);
    }
    command
        .args(arguments)
        .env("BAI_FAILURE", &news.reason)
        .env("BAI_FAILURE_EVENT", news.event)
        .env("BAI_FAILURE_DATABASE", &news.database)
        .env(
            "BAI_FAILURE_LAST_BACKUP",
            news.last_backup.as_deref().unwrap_or_default(),
        )
        .stdin(Stdio::null())
        .process_group(0)
        .kill_on_drop(true);
    let mut child = command
        .spawn()
        .map_err(|e| format!("{program} cannot be started: {e}"))?;
    let group = child
        .id()
        .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    match tokio::time::timeout(DEADLINE, child.wait()).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("{program} ended with {status}")),
        Ok(Err(e)) => Err(format!("{program}: {e}")),
        Err(_) => {
            let _ = group.map(|group| kill_process_group(group, Signal::KILL));
            Err(format!("{program} was ended after {DEADLINE:?}"))
        }
    }
}

fn post(url: &Secret, news: &News) -> Result<(), String> {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(DEADLINE));
    match config
        .build()
        .new_agent()
        .post(url.expose())
        .send_json(news)
    {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(format!("the webhook answered {}", answer.status().as_u16())),
        Err(e) => Err(format!(
            "the webhook cannot be reached: {}",
            outbound::describe(&e)
        )),
    }
}
