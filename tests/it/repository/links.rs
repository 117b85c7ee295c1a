//! Links between the documents, of both languages: each leads to a file, and to a heading, that is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::documents::{headings, pages, prose, without_code};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Pages that `pages` has not.
const MORE: [&str; 5] = [
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "clients/README.md",
    "clients/README.zh-CN.md",
];

/// The targets of the links in a line: `docs/rules.md#rules` of `[rules](docs/rules.md#rules)`.
fn targets(line: &str) -> Vec<String> {
    let line = without_code(line);
    let ends = line.split("](").skip(1);
    ends.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned()))
        .collect()
}

/// The anchors of a page, as GitHub makes them of its headings: equal ones are numbered.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for (_, heading) in headings(text) {
        let anchor = anchor(heading);
        let numbered = (1..).map(|number| format!("{anchor}-{number}"));
        let mut names = std::iter::once(anchor.clone()).chain(numbered);
        let free = names.find(|name| !anchors.contains(name));
        anchors.extend(free);
    }
    anchors
}

/// The anchor of a heading: letters and digits of any script in lower case, `_` and `-`; spaces become hyphens, the rest is taken out.
fn anchor(heading: &str) -> String {
    let shown = shown(heading).to_lowercase();
    let kept = shown.chars().filter_map(|char| match char {
        ' ' => Some('-'),
        '-' | '_' => Some(char),
        _ => char.is_alphanumeric().then_some(char),
    });
    kept.collect()
}

/// The heading without the signs and targets of its links.
fn shown(heading: &str) -> String {
    let mut parts = heading.split("](");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + part.split_once(')').map_or("", |(_, rest)| rest)
    })
}

/// The reason for which a link of the page `from` leads nowhere.
fn fault(from: &Path, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let file = match path {
        "" => from.to_owned(),
        _ => from.parent()?.join(path),
    };
    if !file.exists() {
        return Some(format!("there is no {path}"));
    }
    let has_anchor = anchor.is_empty() || has_anchor(&file, anchor);
    (!has_anchor).then(|| format!("{} has no heading for #{anchor}", file.display()))
}

fn has_anchor(file: &Path, anchor: &str) -> bool {
    let is_page = file.extension().is_some_and(|ext| ext == "md");
    !is_page || anchors(&fs::read_to_string(file).unwrap()).contains(anchor)
}

/// The links of a page that lead nowhere, each with its line.
fn faults(page: &Path, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, line) in prose(text) {
        for target in targets(line) {
            if let Some(fault) = fault(page, &target) {
                faults.push(format!("{}:{number}: {target}: {fault}", page.display()));
            }
        }
    }
    faults
}

#[test]
fn every_link_of_the_documents_leads_to_a_file_and_a_heading() {
    let more = MORE.iter().map(|name| Path::new(ROOT).join(name));
    let all: Vec<PathBuf> = pages().into_iter().chain(more).collect();
    let faults: Vec<_> = all
        .iter()
        .flat_map(|page| faults(page, &fs::read_to_string(page).unwrap()))
        .collect();
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn anchors_are_github_s_in_both_languages() {
    let anchors = anchors(
        "# A\n## PocketBase's `own` API\n## 角色、权限\u{ff08}示例\u{ff09}\u{ff1a}1\n## /readyz\n## A\n```text\n# no\n```\n## [B](c.md) d\n",
    );
    let expected = [
        "a",
        "pocketbases-own-api",
        "角色权限示例1",
        "readyz",
        "a-1",
        "b-d",
    ];
    assert_eq!(anchors, expected.map(str::to_owned).into());
}

#[test]
fn a_link_that_leads_nowhere_is_noticed() {
    let page = Path::new(ROOT).join("docs/zh-CN/page.md");
    let wrong = |text: &str| faults(&page, text).len();
    assert_eq!(
        wrong("[a](../rules.md) [b](../rules.md#pocketbases-own-api)"),
        0
    );
    assert_eq!(wrong("[a](../rule.md), ![b](../images/none.png)"), 2);
    assert_eq!(wrong("[a](../rules.md#pocketbases-own-apis)"), 1);
    assert_eq!(wrong("[a](https://example.com/a.md#b), `[b](c.md)`"), 0);
    assert_eq!(wrong("```text\n[a](b.md)\n```\n[a](b.md)"), 1);
}
