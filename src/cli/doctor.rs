//! `bai doctor`: what the doctor found, printed.

use std::error::Error;
use std::io::{self, IsTerminal as _, Write as _};

use clap::Args;
use serde::Serialize;

use super::outcome::{Outcome, Told, is_broken_pipe};
use super::output;
use super::visible::{visible_json, visible_lines, width};
use crate::admin::Failure;
use crate::clock::Clock;
use crate::config::Config;
use crate::doctor::{Chapter, Context, Finding, Mark, Target, examine};
use crate::language::Language;
use crate::random::Random;

#[derive(Args)]
pub struct DoctorArgs {
    /// The address at which phones reach the server, such as https://api.example.com [default: of server.public_urls, else of server.tls.acme]
    #[arg(long)]
    url: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Columns of a mark and the space behind it.
const MARK: usize = 15;
const MARKS: [Mark; 4] = [Mark::Ok, Mark::Advice, Mark::Wrong, Mark::NotLookedAt];

/// Everything for programs.
#[derive(Serialize)]
struct Report<'a> {
    findings: Vec<&'a Finding>,
    wrong: usize,
    advice: usize,
    not_looked_at: usize,
}

/// Looks at everything, and prints it; 1: something is wrong. A configuration that cannot be used is all that is told then.
///
/// # Errors
/// Something is wrong, also when nobody reads on what it is.
pub fn run(config: Result<Config, Box<dyn Error>>, args: &DoctorArgs) -> Outcome {
    let language = Language::of_environment();
    let chapters = match config {
        Ok(config) => examine(context(config, args, language)?),
        Err(error) => vec![unusable(error.as_ref(), language)],
    };
    let printed = match args.json {
        true => print_json(&chapters),
        false => print_lines(&chapters, language),
    };
    match (printed, count(&chapters, Mark::Wrong)) {
        (Err(error), _) if !is_broken_pipe(error.as_ref()) => Err(error),
        (_, 0) => Ok(()),
        _ => Err(Told.into()),
    }
}

fn context(config: Config, args: &DoctorArgs, language: Language) -> Result<Context, Failure> {
    let target = match &args.url {
        Some(url) => Some(Target::parse(url).map_err(|error| Failure::invalid(error.to_string()))?),
        None => Target::of(&config),
    };
    Ok(Context {
        config: with_whole_path(config),
        language,
        clock: Clock::System,
        random: Random::System,
        target,
    })
}

fn unusable(error: &dyn Error, language: Language) -> Chapter {
    let remedy = language.choose(
        "mend it, or name another file by --config; \"bai config init FILE\" writes one with every key",
        "请修正，或用 --config 指定另一个文件；「bai config init FILE」生成含全部配置项的文件",
    );
    Chapter {
        title: language.choose("configuration", "配置"),
        findings: vec![Finding::wrong("configuration.unusable", error.to_string()).remedy(remedy)],
    }
}

/// The configuration with the whole path of the database, as people who mend something in another folder need it.
fn with_whole_path(mut config: Config) -> Config {
    if let Ok(path) = std::path::absolute(&config.store.path) {
        config.store.path = path;
    }
    config
}

fn count(chapters: &[Chapter], mark: Mark) -> usize {
    let all = chapters.iter().flat_map(|chapter| &chapter.findings);
    all.filter(|finding| finding.mark == mark).count()
}

fn print_json(chapters: &[Chapter]) -> Outcome {
    let report = Report {
        findings: chapters.iter().flat_map(|it| &it.findings).collect(),
        wrong: count(chapters, Mark::Wrong),
        advice: count(chapters, Mark::Advice),
        not_looked_at: count(chapters, Mark::NotLookedAt),
    };
    output::print(&visible_json(&serde_json::to_string_pretty(&report)?))
}

fn print_lines(chapters: &[Chapter], language: Language) -> Outcome {
    let is_coloured = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut output = io::stdout().lock();
    for chapter in chapters {
        for finding in &chapter.findings {
            writeln!(
                output,
                "{}",
                line(chapter.title, finding, language, is_coloured)
            )?;
        }
    }
    let counts = MARKS.map(|mark| {
        let (count, name) = (count(chapters, mark), name(mark, language));
        language.choose(format!("{count} {name}"), format!("{name} {count}"))
    });
    Ok(writeln!(
        output,
        "{}",
        counts.join(language.choose(", ", "，"))
    )?)
}

/// A finding: the mark, the subject, what was found; what to do stands below it.
fn line(title: &str, finding: &Finding, language: Language, is_coloured: bool) -> String {
    let mark = name(finding.mark, language);
    let space = " ".repeat(MARK.saturating_sub(width(mark)));
    let mark = match is_coloured {
        true => format!("\u{1b}[{}m{mark}\u{1b}[0m", colour(finding.mark)),
        false => mark.to_owned(),
    };
    let colon = language.choose(": ", "：");
    let found = visible_lines(&finding.found).replace('\n', " ");
    let remedy = visible_lines(&finding.remedy).into_owned();
    let indent = " ".repeat(MARK);
    let remedy = remedy.lines().map(|it| format!("\n{indent}{it}"));
    format!(
        "{mark}{space}{title}{colon}{found}{}",
        remedy.collect::<String>()
    )
}

fn name(mark: Mark, language: Language) -> &'static str {
    match mark {
        Mark::Ok => language.choose("ok", "正常"),
        Mark::Advice => language.choose("advice", "建议"),
        Mark::Wrong => language.choose("wrong", "错误"),
        Mark::NotLookedAt => language.choose("not looked at", "未检查"),
    }
}

fn colour(mark: Mark) -> u8 {
    match mark {
        Mark::Ok => 32,
        Mark::Advice => 33,
        Mark::Wrong => 31,
        Mark::NotLookedAt => 36,
    }
}
