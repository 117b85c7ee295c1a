//! Graph of the source files: which file names items of which other one, by `use` lines and by paths in its code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A module path, as its segments below the crate.
type ModulePath = Vec<String>;

/// A source file of the product.
pub struct SourceFile {
    /// The path below `src/`, such as `store/mod.rs`.
    pub name: String,
    /// The code without comments, strings and in-file tests.
    pub code: String,
    module: ModulePath,
    /// Modules that the file declares.
    children: Vec<String>,
}

/// The source files and what each re-exports.
pub struct SourceGraph {
    files: BTreeMap<ModulePath, SourceFile>,
    /// Items that a module re-exports, by module and name: where they are.
    exports: BTreeMap<(ModulePath, String), ModulePath>,
}

impl SourceGraph {
    /// Reads all files below `src`.
    pub fn read(src: &Path) -> Self {
        let mut files = BTreeMap::new();
        collect(src, src, &mut files);
        let mut graph = Self {
            files,
            exports: BTreeMap::new(),
        };
        let mut exports = BTreeMap::new();
        for file in graph.files.values() {
            for (path, name, is_public) in file.imports() {
                if is_public {
                    exports.insert((file.module.clone(), name), path);
                }
            }
        }
        graph.exports = exports;
        graph
    }

    /// The files, by module.
    pub fn files(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.values()
    }

    /// Files that `file` names items of. A re-export is followed to the file that has the item, and is no use by itself.
    pub fn uses(&self, file: &SourceFile) -> BTreeSet<&str> {
        let imported = file
            .imports()
            .into_iter()
            .filter(|(.., is_public)| !is_public)
            .map(|(path, ..)| path);
        let named = imported.chain(file.inline_paths());
        let used = named.filter_map(|path| self.file_of(&path));
        used.filter(|used| used.name != file.name)
            .map(|used| used.name.as_str())
            .collect()
    }

    /// The file that has the item at `path`.
    fn file_of(&self, path: &[String]) -> Option<&SourceFile> {
        self.resolve(path, 0)
    }

    fn resolve(&self, path: &[String], depth: usize) -> Option<&SourceFile> {
        let known = (0..=path.len())
            .rev()
            .find(|n| self.files.contains_key(&path[..*n]))?;
        let (module, rest) = path.split_at(known);
        let exported = rest
            .first()
            .and_then(|name| self.exports.get(&(module.to_vec(), name.clone())));
        match exported {
            Some(target) if depth < 8 => {
                let mut target = target.clone();
                target.extend_from_slice(&rest[1..]);
                self.resolve(&target, depth + 1)
            }
            _ => self.files.get(module),
        }
    }

    /// Groups of files that name each other, directly or around.
    pub fn cycles(&self) -> Vec<Vec<String>> {
        let edges: BTreeMap<&str, BTreeSet<&str>> = self
            .files()
            .map(|file| (file.name.as_str(), self.uses(file)))
            .collect();
        let reachable = |from: &str| {
            let mut seen = BTreeSet::new();
            let mut open: Vec<&str> = edges[from].iter().copied().collect();
            while let Some(next) = open.pop() {
                if seen.insert(next) {
                    open.extend(&edges[next]);
                }
            }
            seen
        };
        let reach: BTreeMap<&str, BTreeSet<&str>> =
            edges.keys().map(|name| (*name, reachable(name))).collect();
        let mut groups: Vec<Vec<String>> = Vec::new();
        for (name, seen) in &reach {
            if !seen.contains(name) || groups.iter().flatten().any(|known| known == name) {
                continue;
            }
            let group = seen.iter().filter(|other| reach[*other].contains(name));
            groups.push(group.map(|other| (*other).to_owned()).collect());
        }
        groups
    }
}

impl SourceFile {
    /// The leaves of the `use` lines: path, name, and whether it is re-exported.
    fn imports(&self) -> Vec<(ModulePath, String, bool)> {
        let mut found = Vec::new();
        for statement in self.code.split(';') {
            let statement = statement
                .rsplit(['}', '{'])
                .next_back()
                .map_or("", |_| statement);
            let Some(at) = start_of_use(statement) else {
                continue;
            };
            let (before, tree) = statement.split_at(at);
            let is_public = before.trim_end().ends_with("pub");
            for leaf in leaves(tree.trim_start_matches("use").trim()) {
                let (path, alias) = leaf.split_once(" as ").unwrap_or((&leaf, ""));
                let mut path: Vec<String> = path
                    .split("::")
                    .map(|word| word.trim().to_owned())
                    .collect();
                if path.last().is_some_and(|last| last == "self") {
                    path.pop();
                }
                let name = if alias.is_empty() {
                    path.last().cloned()
                } else {
                    Some(alias.trim().to_owned())
                };
                if let (Some(path), Some(name)) = (self.absolute(&path), name) {
                    found.push((path, name, is_public));
                }
            }
        }
        found
    }

    /// Paths in the code that begin with `crate`, `super` or `self`, or with a module that this file declares.
    fn inline_paths(&self) -> Vec<ModulePath> {
        let without_uses: String = self
            .code
            .split_inclusive(';')
            .filter(|statement| start_of_use(statement).is_none())
            .collect();
        // A visibility names a module and uses nothing of it.
        paths(&without_uses.replace("(in crate", "(in "))
            .iter()
            .filter_map(|path| self.absolute(path))
            .collect()
    }

    fn absolute(&self, path: &[String]) -> Option<ModulePath> {
        let ups = path.iter().take_while(|word| *word == "super").count();
        match path.first()?.as_str() {
            "crate" => Some(path[1..].to_vec()),
            "self" => Some([&self.module, &path[1..]].concat()),
            "super" if ups <= self.module.len() => {
                Some([&self.module[..self.module.len() - ups], &path[ups..]].concat())
            }
            child if self.children.iter().any(|known| known == child) => {
                Some([&self.module, path].concat())
            }
            _ => None,
        }
    }
}

/// Where the keyword `use` of a statement begins.
fn start_of_use(statement: &str) -> Option<usize> {
    statement
        .match_indices("use ")
        .map(|(at, _)| at)
        .find(|at| {
            let before = &statement[..*at];
            let line = before.rsplit('\n').next().unwrap_or(before).trim();
            line.is_empty() || line == "pub"
        })
}

/// The paths of a use tree, one for each name.
fn leaves(tree: &str) -> Vec<String> {
    let Some(open) = tree.find('{') else {
        return vec![tree.trim().to_owned()];
    };
    let close = tree.rfind('}').unwrap();
    let (prefix, inside) = (&tree[..open], &tree[open + 1..close]);
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for sign in inside.chars() {
        match sign {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().unwrap().push(sign);
    }
    parts
        .iter()
        .map(|part| part.trim())
        .filter(|part| !part.is_empty())
        .flat_map(|part| leaves(&format!("{prefix}{part}")))
        .collect()
}

/// All paths of two or more words.
fn paths(code: &str) -> Vec<Vec<String>> {
    let is_word = |sign: char| sign.is_alphanumeric() || sign == '_';
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(start) = rest.find(is_word) {
        let is_tail = rest[..start].ends_with("::") || rest[..start].ends_with('.');
        let mut path = Vec::new();
        rest = &rest[start..];
        loop {
            let end = rest.find(|sign| !is_word(sign)).unwrap_or(rest.len());
            path.push(rest[..end].to_owned());
            rest = &rest[end..];
            match rest.strip_prefix("::") {
                Some(after) if after.starts_with(is_word) => rest = after,
                _ => break,
            }
        }
        if path.len() > 1 && !is_tail {
            found.push(path);
        }
    }
    found
}

fn collect(src: &Path, folder: &Path, files: &mut BTreeMap<ModulePath, SourceFile>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(src, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(src).unwrap().to_str().unwrap().to_owned();
            let mut module: ModulePath = name
                .trim_end_matches(".rs")
                .split('/')
                .map(str::to_owned)
                .collect();
            if matches!(module.last().unwrap().as_str(), "mod" | "lib") {
                module.pop();
            }
            let code = code_of(&fs::read_to_string(&path).unwrap());
            let children = code.lines().filter_map(declared_module).collect();
            let file = SourceFile {
                name,
                code,
                module: module.clone(),
                children,
            };
            files.insert(module, file);
        }
    }
}

/// The name in a line such as `pub mod name;`.
fn declared_module(line: &str) -> Option<String> {
    let line = line.trim().trim_start_matches("pub ");
    let name = line.strip_prefix("mod ")?.strip_suffix(';')?;
    Some(name.to_owned())
}

/// The code above the in-file tests, without comments and strings.
pub fn code_of(source: &str) -> String {
    let product = source.split("#[cfg(test)]").next().unwrap();
    let mut code = String::new();
    let mut in_string = false;
    for line in product.lines() {
        if !in_string && line.trim_start().starts_with("//") {
            code.push('\n');
            continue;
        }
        let mut signs = line.chars().peekable();
        while let Some(sign) = signs.next() {
            match sign {
                '\\' if in_string => drop(signs.next()),
                '"' => in_string = !in_string,
                '\'' if !in_string && signs.peek() == Some(&'"') => drop(signs.next()),
                '/' if !in_string && signs.peek() == Some(&'/') => break,
                sign if !in_string => code.push(sign),
                _ => {}
            }
        }
        code.push('\n');
    }
    code
}
