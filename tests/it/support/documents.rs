//! The documents of the repository, as their readers see them: pages, and fenced blocks in them.

use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The pages of `docs/` and both READMEs, without the ones that only people of the project read.
pub fn pages() -> Vec<PathBuf> {
    let root = Path::new(ROOT);
    let mut found = vec![root.join("README.md"), root.join("README.zh-CN.md")];
    for folder in ["docs", "docs/decisions", "docs/zh-CN"] {
        found.extend(pages_in(folder));
    }
    found.sort();
    found
}

/// The pages in one folder of the repository, in order.
pub fn pages_in(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(ROOT).join(folder)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|ext| ext == "md"))
        .collect();
    found.sort();
    found
}

/// A fenced block of a page.
pub struct Block {
    /// Page and line, from the root of the repository.
    pub place: String,
    pub language: String,
    pub lines: Vec<String>,
}

impl Block {
    /// The blocks of a page, in order.
    pub fn all(path: &Path) -> Vec<Self> {
        let name = path.strip_prefix(ROOT).unwrap_or(path).display();
        Self::of(&name.to_string(), &fs::read_to_string(path).unwrap())
    }

    /// The blocks of a text.
    pub fn of(name: &str, text: &str) -> Vec<Self> {
        let mut blocks = Vec::new();
        let mut open: Option<Self> = None;
        for (number, line) in text.lines().enumerate() {
            match (fence(line), &mut open) {
                (Some(language), None) => {
                    open = Some(Self {
                        place: format!("{name}:{}", number + 1),
                        language: language.to_owned(),
                        lines: Vec::new(),
                    });
                }
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (None, Some(block)) => block.lines.push(line.to_owned()),
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{name}: a block has no end");
        blocks
    }

    /// Commands: all lines, or behind "$ " where the output is shown, too.
    pub fn commands(&self) -> Vec<String> {
        let has_prompt = self.lines.iter().any(|line| line.starts_with("$ "));
        let mut commands: Vec<String> = Vec::new();
        let mut goes_on = false;
        for line in &self.lines {
            match line.strip_prefix("$ ") {
                _ if goes_on => {
                    let command = commands.last_mut().unwrap();
                    command.push('\n');
                    command.push_str(line);
                }
                Some(command) => commands.push(command.to_owned()),
                None if has_prompt || line.trim().is_empty() => continue,
                None => commands.push(line.clone()),
            }
            goes_on = line.ends_with('\\');
        }
        commands
    }

    /// The lines without comments; lines that hold a comment and nothing else are left out.
    pub fn uncommented(&self) -> Vec<String> {
        let sign = match self.language.as_str() {
            "console" | "toml" | "yaml" | "nginx" => "#",
            "js" => "//",
            "html" => "<!--",
            _ => return self.lines.clone(),
        };
        let lines = self
            .lines
            .iter()
            .map(|line| (line, uncommented(line, sign)));
        lines
            .filter(|(line, rest)| line.is_empty() || !rest.is_empty())
            .map(|(_, rest)| rest.to_owned())
            .collect()
    }
}

/// The lines outside of blocks, with their numbers.
pub fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut is_block = false;
    let mut prose = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if fence(line).is_some() {
            is_block = !is_block;
        } else if !is_block {
            prose.push((number + 1, line));
        }
    }
    prose
}

/// The headings, each with its level.
pub fn headings(text: &str) -> Vec<(usize, &str)> {
    let lines = prose(text).into_iter();
    lines.filter_map(|(_, line)| heading(line)).collect()
}

fn heading(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    (level > 0).then_some((level, text.strip_prefix(' ')?))
}

/// The line without what is between backquotes.
pub fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

/// The rest of a line that begins or ends a block: its language, if it begins one.
fn fence(line: &str) -> Option<&str> {
    line.trim_start().strip_prefix("```")
}

/// The line up to the comment that `sign` begins, outside of quotes and behind white space, as shells have it.
pub fn uncommented<'a>(line: &'a str, sign: &str) -> &'a str {
    let mut quote = None;
    let mut is_apart = true;
    for (at, char) in line.char_indices() {
        match quote {
            Some(open) if char == open => quote = None,
            None if is_apart && line[at..].starts_with(sign) => return line[..at].trim_end(),
            None if ['\'', '"'].contains(&char) => quote = Some(char),
            _ => {}
        }
        is_apart = char.is_whitespace();
    }
    line.trim_end()
}
