//! Pages in two languages keep step: headings, blocks and tables are the same, and Chinese has its own punctuation.

use std::fs;
use std::path::Path;

use crate::support::documents::{Block, headings, pages_in, prose, without_code};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Pages that operators read: each is there in both languages, below `docs/` and below `docs/zh-CN/`.
const REQUIRED: [&str; 8] = [
    "integration",
    "operations",
    "pocketbase",
    "quick-start",
    "roles",
    "rules",
    "scale",
    "webhooks",
];

/// A page in both languages, as text.
struct Pair {
    name: String,
    english: String,
    chinese: String,
}

/// All pages that are there in Chinese, each with the one that it translates.
fn pairs() -> Vec<Pair> {
    let mut pairs = vec![pair("README.md", "README.zh-CN.md")];
    for page in pages_in("docs/zh-CN") {
        let name = page.file_name().unwrap().to_string_lossy();
        pairs.push(pair(&format!("docs/{name}"), &format!("docs/zh-CN/{name}")));
    }
    pairs
}

fn pair(english: &str, chinese: &str) -> Pair {
    Pair {
        name: chinese.to_owned(),
        english: read(&Path::new(ROOT).join(english)),
        chinese: read(&Path::new(ROOT).join(chinese)),
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The first difference between two lists of what pages are made of, item by item.
fn difference(english: &[String], chinese: &[String]) -> Option<String> {
    let end = english.len().max(chinese.len());
    let at = (0..end).find(|at| english.get(*at) != chinese.get(*at))?;
    let ours = english.get(at).map_or("nothing", String::as_str);
    let theirs = chinese.get(at).map_or("nothing", String::as_str);
    Some(format!("number {}: {ours} / {theirs}", at + 1))
}

/// The levels of the headings, in order.
fn levels(text: &str) -> Vec<String> {
    let levels = headings(text);
    levels.iter().map(|(level, _)| level.to_string()).collect()
}

/// The blocks in order: language and lines, without comments.
fn blocks(text: &str) -> Vec<String> {
    let blocks = Block::of("page", text);
    blocks
        .iter()
        .map(|block| format!("{}\n{}", block.language, block.uncommented().join("\n")))
        .collect()
}

/// The number of rows of each table, its head counted.
fn tables(text: &str) -> Vec<String> {
    let mut rows = Vec::new();
    let mut last = None;
    for (number, _) in prose(text)
        .iter()
        .filter(|(_, line)| line.trim_start().starts_with('|'))
    {
        match rows.last_mut() {
            Some(count) if last == Some(number - 1) => *count += 1,
            _ => rows.push(1),
        }
        last = Some(*number);
    }
    rows.iter().map(ToString::to_string).collect()
}

/// Whether the sign is Chinese: characters and punctuation, that of full width, too.
fn is_chinese(char: char) -> bool {
    matches!(char, '\u{4e00}'..='\u{9fff}' | '、' | '。' | '「' | '」' | '\u{ff01}'..='\u{ff5e}')
}

/// The half-width signs in a line that stand beside Chinese, outside of code and of links' targets.
fn half_width(line: &str) -> Vec<char> {
    let text = without_targets(&without_code(line));
    let signs: Vec<char> = text.chars().filter(|char| !" *".contains(*char)).collect();
    let is_wrong = |at: &usize| is_half_width(&signs, *at);
    let wrong = (0..signs.len()).filter(is_wrong);
    wrong.map(|at| signs[at]).collect()
}

fn is_half_width(signs: &[char], at: usize) -> bool {
    let before = at.checked_sub(1).is_some_and(|at| is_chinese(signs[at]));
    let after = signs.get(at + 1).is_some_and(|next| is_chinese(*next));
    let ends = at + 1 == signs.len() && signs.iter().any(|sign| is_chinese(*sign));
    match signs[at] {
        ',' | ':' | ';' | '?' | '!' => before || after || ends,
        '(' | ')' => before || after,
        '.' => before && ends,
        _ => false,
    }
}

/// Whether Markdown shows the stars of a bold text: it begins or ends with punctuation, and beside that is a character.
fn has_open_bold(line: &str) -> bool {
    let text = without_code(line);
    let parts: Vec<&str> = text.split("**").collect();
    parts.windows(2).enumerate().any(|(at, pair)| match at % 2 {
        0 => pair[0].ends_with(char::is_alphanumeric) && pair[1].starts_with(is_sign),
        _ => pair[0].ends_with(is_sign) && pair[1].starts_with(char::is_alphanumeric),
    })
}

fn is_sign(char: char) -> bool {
    is_chinese(char) && !char.is_alphanumeric()
}

/// The line with `[text]` in the place of `[text](target)`.
fn without_targets(line: &str) -> String {
    let mut parts = line.split("](");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + "]" + part.split_once(')').map_or("", |(_, rest)| rest)
    })
}

#[test]
fn pages_that_operators_read_are_there_in_both_languages() {
    for name in REQUIRED {
        for folder in ["docs", "docs/zh-CN"] {
            let page = Path::new(ROOT).join(folder).join(format!("{name}.md"));
            assert!(page.exists(), "{}", page.display());
        }
    }
}

#[test]
fn both_languages_have_the_same_headings() {
    for pair in pairs() {
        let difference = difference(&levels(&pair.english), &levels(&pair.chinese));
        assert_eq!(difference, None, "levels in {}", pair.name);
    }
}

#[test]
fn both_languages_have_the_same_blocks_but_for_comments() {
    for pair in pairs() {
        let difference = difference(&blocks(&pair.english), &blocks(&pair.chinese));
        assert_eq!(difference, None, "blocks in {}", pair.name);
    }
}

#[test]
fn both_languages_have_tables_of_the_same_length() {
    for pair in pairs() {
        let difference = difference(&tables(&pair.english), &tables(&pair.chinese));
        assert_eq!(difference, None, "rows of tables in {}", pair.name);
    }
}

#[test]
fn chinese_has_punctuation_of_full_width() {
    let mut wrong = Vec::new();
    for pair in pairs() {
        for (number, line) in prose(&pair.chinese) {
            let signs = half_width(line);
            if !signs.is_empty() || has_open_bold(line) {
                wrong.push(format!(
                    "{}:{number}: {signs:?}, or bold that is not closed",
                    pair.name
                ));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Whether a page and its translation differ in what `parts` takes of them.
fn differ(parts: fn(&str) -> Vec<String>, english: &str, chinese: &str) -> bool {
    difference(&parts(english), &parts(chinese)).is_some()
}

#[test]
fn another_level_of_a_heading_or_one_less_is_noticed() {
    assert!(!differ(levels, "# A\n## B\n", "# 甲\n文字\n## 乙\n"));
    assert!(differ(levels, "# A\n## B\n", "# 甲\n### 乙\n"));
    assert!(differ(levels, "# A\n## B\n", "# 甲\n"));
    assert!(differ(levels, "# A\n", "# 甲\n## 乙\n"));
    assert!(!differ(levels, "# A\n", "# 甲\n```console\n# 乙\n```\n"));
}

#[test]
fn another_command_is_noticed_and_another_comment_is_not() {
    let english = "```console\n# Look\nbai check   # a look\n```\n";
    let same = "```console\nbai check # 检查\n```\n";
    assert!(!differ(blocks, english, same));
    assert!(differ(blocks, english, &same.replace("check", "compact")));
    assert!(differ(blocks, english, &same.replace("console", "text")));
    assert!(differ(blocks, english, "检查\n"));
    assert!(differ(blocks, english, &same.replace("bai", "bai a\nbai")));
    let quoted = |text: &str| format!("```toml\na = \"# {text}\"\n```\n");
    assert!(differ(blocks, &quoted("a"), &quoted("b")));
    let text = |text: &str| format!("```text\na # {text}\n```\n");
    assert!(differ(blocks, &text("a"), &text("b")));
}

#[test]
fn another_row_of_a_table_is_noticed() {
    let table = "| a |\n|---|\n| b |\n";
    assert!(!differ(tables, table, "| 甲 |\n|---|\n| 乙 |\n"));
    assert!(differ(tables, table, "| 甲 |\n|---|\n"));
    assert!(differ(tables, table, &format!("{table}\n{table}")));
    let split = "| a |\n|---|\n\n| b |\n";
    assert!(differ(tables, table, split));
}

#[test]
fn half_width_signs_beside_chinese_are_noticed() {
    let wrong = [
        "中文,a",
        "中文:",
        "`a`,中文",
        "中文;",
        "中文?",
        "中文!",
        "token, 中文",
        "中文(a)",
        "中文 (a) b",
        "a(中文)",
        "中文.",
        "**中文**:",
        "中文 `a`, b",
        "\u{ff09}:",
    ];
    for line in wrong {
        assert_ne!(half_width(line), [], "{line}");
    }
    let right = [
        "中文\u{ff0c}中文\u{ff1a}\u{ff08}中文\u{ff09}、a。",
        "`中文,(中文)`",
        "[中文](a.md)",
        "12:00 a, b (c)",
        "中文 .redb 中文 a.b",
    ];
    for line in right {
        assert_eq!(half_width(line), [], "{line}");
    }
}

#[test]
fn bold_that_markdown_does_not_close_is_noticed() {
    assert!(has_open_bold("a **中文\u{ff1a}**中文"));
    assert!(has_open_bold("**中** **中。**a"));
    assert!(has_open_bold("中文**\u{ff1a}中文**"));
    assert!(!has_open_bold("**中文**\u{ff1a}中文 **中文**。中文"));
    assert!(!has_open_bold("**中文。** 中文\u{ff1a}**中文**"));
}
