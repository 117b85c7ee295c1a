//! The report of an import, as text that does not grow with the number of records, as JSON, and as lines of a file.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::import_rules;
use super::visible::{visible, visible_json};
use crate::admin::import::Imported;
use crate::admin::import_rules::OtherRule;
use crate::domain::Kind;
use crate::pb_data::{NoteGroup, NoteLine, Report, Section, Summary};

/// Notes of a section that are printed.
const PRINTED: usize = 20;

/// The circumstances of an import that its report goes by.
pub struct Presentation {
    pub is_dry: bool,
    pub with_rules: bool,
    /// The time for which tokens are valid here.
    pub lifetime: Duration,
    /// The file in which every note is.
    pub list: Option<PathBuf>,
}

/// The words of a note, in a line of a file.
pub fn note_words(line: &NoteLine) -> [&str; 4] {
    [line.section.name(), &line.collection, &line.id, &line.text]
}

/// The words of a rule of which PocketBase has another one.
pub fn rule_words(other: &OtherRule, is_brought: bool) -> [String; 4] {
    let section = match is_brought {
        true => Section::ComesChanged,
        false => Section::LeftBehind,
    };
    let here = quoted(other.here.as_deref());
    let theirs = quoted(other.theirs.as_deref());
    [
        section.name().to_owned(),
        other.collection.clone(),
        String::new(),
        format!("{}: {here} here, {theirs} in PocketBase", other.rule),
    ]
}

fn quoted(rule: Option<&str>) -> String {
    rule.map_or_else(|| "null".to_owned(), |text| format!("{text:?}"))
}

#[derive(Serialize)]
struct JsonReport<'a> {
    dry_run: bool,
    #[serde(flatten)]
    report: &'a Report,
    rules: &'a [OtherRule],
}

pub fn json(imported: &Imported, presentation: &Presentation) -> serde_json::Result<String> {
    let report = JsonReport {
        dry_run: presentation.is_dry,
        report: &imported.report,
        rules: &imported.rules,
    };
    Ok(visible_json(&serde_json::to_string_pretty(&report)?).into_owned())
}

pub fn text(imported: &Imported, presentation: &Presentation) -> String {
    let Presentation {
        is_dry, with_rules, ..
    } = *presentation;
    let report = &imported.report;
    let mut lines = tally_lines(&report.summary, is_dry);
    lines.extend(picture_line(report, is_dry));
    for section in Section::ALL {
        lines.extend(section_lines(report, section));
    }
    lines.extend(import_rules::lines(&imported.rules, with_rules, is_dry));
    lines.extend(lifetime_line(report, presentation.lifetime));
    lines.extend(list_line(report, presentation));
    lines.join("\n")
}

/// A table of what came, by kind.
fn tally_lines(summary: &Summary, is_dry: bool) -> Vec<String> {
    let mut lines = vec![format!(
        "{:16}{:>10}{:>16}{:>20}{:>14}",
        "",
        if is_dry { "would come" } else { "came" },
        "were here",
        "were changed here",
        "do not come"
    )];
    for kind in [Kind::Companies, Kind::Superusers, Kind::Users] {
        let tally = summary.of(kind);
        lines.push(format!(
            "{:16}{:>10}{:>16}{:>20}{:>14}",
            kind.name(),
            tally.new,
            tally.same,
            tally.newer_here,
            tally.refused
        ));
    }
    lines
}

/// The number of pictures, if there are any.
fn picture_line(report: &Report, is_dry: bool) -> Option<String> {
    let verb = if is_dry { "would come" } else { "came" };
    (report.pictures > 0).then(|| format!("Pictures of users: {} {verb}.", report.pictures))
}

fn section_lines(report: &Report, section: Section) -> Vec<String> {
    let groups: Vec<_> = report.of(section).collect();
    let mut lines: Vec<_> = groups
        .iter()
        .take(PRINTED)
        .map(|group| group_line(group))
        .collect();
    if groups.len() > PRINTED {
        let more = groups.len() - PRINTED;
        lines.push(format!("{}: {more} more kinds.", heading(section)));
    }
    lines
}

fn heading(section: Section) -> &'static str {
    match section {
        Section::StaysBehind => "Does not come",
        Section::ComesChanged => "Comes otherwise",
        Section::LoginDiffers => "Login differs",
        Section::LeftBehind => "Left behind",
    }
}

fn group_line(group: &NoteGroup) -> String {
    let heading = heading(group.section);
    let reason = visible(&group.reason);
    if group.section == Section::LeftBehind {
        return format!("{heading}: {reason}.");
    }
    format!(
        "{heading}: {} of {}: {reason}{}.",
        group.count,
        visible(&group.collection),
        examples(group)
    )
}

fn examples(group: &NoteGroup) -> String {
    if group.examples.is_empty() {
        return String::new();
    }
    let named = group.examples.len() as u64;
    let more = match group.count.saturating_sub(named) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(" ({}{more})", visible(&group.examples.join(", ")))
}

/// A word about PocketBase's tokens, if they were valid for another time than ours.
fn lifetime_line(report: &Report, lifetime: Duration) -> Option<String> {
    let theirs = Duration::from_secs(report.token_secs?);
    (theirs != lifetime).then(|| {
        let theirs = humantime::format_duration(theirs);
        let ours = humantime::format_duration(lifetime);
        format!(
            "PocketBase's tokens were valid for {theirs}, new ones are for {ours}; for the same as before set token.lifetime = \"{theirs}\"."
        )
    })
}

/// The place where every note is.
fn list_line(report: &Report, presentation: &Presentation) -> Option<String> {
    match &presentation.list {
        Some(list) => Some(format!(
            "Each of these, record by record, is in {}.",
            list.display()
        )),
        None if report.notes.is_empty() => None,
        None => Some("--report FILE lists each of these, record by record.".to_owned()),
    }
}
