//! Alarms about backups: sent to a program or a webhook.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use rustix::system::uname;
use serde::Serialize;
use tokio::process::{Child, Command};

use crate::config::{OnFailure, Secret};
use crate::domain::BackupStatus;
use crate::outbound::Cause;

/// Whoever takes longer is not waited for.
const DEADLINE: Duration = Duration::from_secs(30);

/// A message that something is wrong with the backups, or is in order again.
#[derive(Debug, Serialize)]
pub struct AlarmMessage {
    /// `backup_failed`, `backup_overdue`, `backup_shrunk`, or `backup_recovered`.
    pub event: &'static str,
    /// One sentence, which says where, too.
    reason: String,
    /// Time of the newest good backup.
    last_backup: Option<String>,
    /// Name of the machine.
    host: String,
    /// Whole path of the database.
    database: String,
}

/// The machine and the database that messages are about.
#[derive(Clone, Debug)]
pub struct Origin {
    host: String,
    database: String,
}

impl Origin {
    /// This machine, and the database at `path`.
    pub fn here(path: &Path) -> Self {
        let whole = std::path::absolute(path);
        Self {
            host: uname().nodename().to_string_lossy().into_owned(),
            database: whole.as_deref().unwrap_or(path).display().to_string(),
        }
    }
}

impl AlarmMessage {
    /// The message about this status; `None`: nothing is wrong.
    pub fn about(status: &BackupStatus, origin: &Origin) -> Option<Self> {
        let event = match status.code() {
            "failed" => "backup_failed",
            "overdue" => "backup_overdue",
            _ => "backup_shrunk",
        };
        Some(Self::new(event, &status.trouble()?, status, origin))
    }

    /// The message that nothing is wrong any more.
    pub fn recovery(status: &BackupStatus, origin: &Origin) -> Self {
        let reason = "the backups are in order again";
        Self::new("backup_recovered", reason, status, origin)
    }

    fn new(event: &'static str, reason: &str, status: &BackupStatus, origin: &Origin) -> Self {
        let Origin { host, database } = origin.clone();
        Self {
            event,
            reason: format!("{reason} (host {host}, database {database})"),
            last_backup: status.last_success.map(|at| at.to_string()),
            host,
            database,
        }
    }
}

/// Sends the message; the text of an error says why nobody took it.
pub async fn send(to: &OnFailure, message: AlarmMessage) -> Result<(), String> {
    match to {
        OnFailure::Nobody => Ok(()),
        OnFailure::Command(words) => run(words, &message).await,
        OnFailure::Webhook(url) => {
            let url = url.clone();
            let posted = tokio::task::spawn_blocking(move || post(&url, &message)).await;
            posted.map_err(|e| e.to_string())?
        }
    }
}

/// Runs the program in a group of its own, so that at the deadline whatever it started ends with it. It does not get our
/// settings, as there are secrets among them.
async fn run(words: &[String], message: &AlarmMessage) -> Result<(), String> {
    let Some((program, arguments)) = words.split_first() else {
        return Ok(());
    };
    let mut command = Command::new(program);
    remove_settings(&mut command);
    command
        .args(arguments)
        .env("BAI_FAILURE", &message.reason)
        .env("BAI_FAILURE_EVENT", message.event)
        .env("BAI_FAILURE_HOST", &message.host)
        .env("BAI_FAILURE_DATABASE", &message.database)
        .env(
            "BAI_FAILURE_LAST_BACKUP",
            message.last_backup.as_deref().unwrap_or_default(),
        )
        .stdin(Stdio::null())
        .process_group(0)
        .kill_on_drop(true);
    let child = command
        .spawn()
        .map_err(|e| format!("{program} cannot be started: {e}"))?;
    wait_for(child, program).await
}

fn remove_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BAI_") {
            command.env_remove(name);
        }
    }
}

async fn wait_for(mut child: Child, program: &str) -> Result<(), String> {
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

fn post(url: &Secret, message: &AlarmMessage) -> Result<(), String> {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(DEADLINE));
    match config
        .build()
        .new_agent()
        .post(url.expose())
        .send_json(message)
    {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(format!("the webhook answered {}", answer.status().as_u16())),
        Err(e) => Err(format!(
            "the webhook cannot be reached: {}",
            Cause::from(&e)
        )),
    }
}
