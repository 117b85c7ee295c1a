//! A disk whose power goes: from a trace, what it may hold then. A file has the bytes of its last sync, and of what was written
//! since any part; a folder has the names of its last sync, and of what was done to it since any beginning.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::folder::{self, Files};
use super::trace::{Call, Op, Opened};

/// A cut tears a write at borders of this many bytes.
const SECTOR: usize = 512;

/// The part of a change that reaches the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    None,
    All,
    FirstHalf,
    SecondHalf,
    EveryOther,
}

const TORN: [Part; 3] = [Part::FirstHalf, Part::SecondHalf, Part::EveryOther];

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    SetLen(usize),
    /// Makes it as long at the least.
    Lengthen(usize),
}

#[derive(Clone, Debug)]
enum Naming {
    Folder(String),
    Name(String, usize),
    Rename(String, String),
    Link(String, String),
    Unlink(String),
}

/// Things with a name: files, and folders below the one that is judged.
#[derive(Clone, Default)]
struct Names {
    files: BTreeMap<String, usize>,
    folders: BTreeSet<String>,
}

#[derive(Clone, Default)]
pub struct Disk {
    /// The synced content of each file.
    files: Vec<Vec<u8>>,
    /// Changes of files since, in order.
    changes: Vec<(usize, Change)>,
    /// The names that are synced.
    names: Names,
    /// Changes of names since, in order.
    namings: Vec<Naming>,
    /// The files by the system's number.
    inodes: HashMap<u64, usize>,
}

/// The choice of cuts that are made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cuts {
    /// Any beginning of the changes; each alone lost, kept or torn.
    All,
    /// Any beginning of the changes.
    Beginnings,
}

impl Disk {
    /// The files in a folder, all synced.
    pub fn new(dir: &Path) -> Self {
        let mut disk = Self::default();
        disk.names.folders = folder::folders(dir);
        for (name, bytes) in folder::files(dir) {
            let inode = fs::metadata(dir.join(&name)).unwrap().ino();
            disk.inodes.insert(inode, disk.files.len());
            disk.names.files.insert(name, disk.files.len());
            disk.files.push(bytes);
        }
        disk
    }

    /// Applies a call, be it done or failed.
    pub fn apply(&mut self, call: &Call) {
        let is_done = call.result >= 0;
        match call.op {
            Op::Open if is_done => self.open(call),
            Op::Write => self.change(call, Change::Write(size(call.offset), call.data.clone())),
            Op::Truncate if is_done => self.change(call, Change::SetLen(size(call.length))),
            Op::Allocate if is_done => {
                self.change(call, Change::Lengthen(size(call.offset + call.length)));
            }
            Op::Sync if call.is_folder => self.sync_folder(call, is_done),
            Op::Sync => self.sync(call, is_done),
            Op::Rename if is_done => self
                .namings
                .push(Naming::Rename(call.path.clone(), call.to.clone())),
            Op::Link if is_done => self
                .namings
                .push(Naming::Link(call.path.clone(), call.to.clone())),
            Op::Unlink if is_done => self.namings.push(Naming::Unlink(call.path.clone())),
            Op::MakeFolder if is_done => self.namings.push(Naming::Folder(call.path.clone())),
            Op::Symlink => panic!("nobody makes symbolic links: {call}"),
            _ => {}
        }
    }

    fn open(&mut self, call: &Call) {
        if call.opened == Opened::New {
            self.inodes.insert(call.inode, self.files.len());
            self.namings
                .push(Naming::Name(call.path.clone(), self.files.len()));
            self.files.push(Vec::new());
        }
        if call.opened == Opened::Emptied {
            self.change(call, Change::SetLen(0));
        }
    }

    fn change(&mut self, call: &Call, change: Change) {
        let file = self
            .inodes
            .get(&call.inode)
            .unwrap_or_else(|| panic!("{call}: of which file?"));
        self.changes.push((*file, change));
    }

    /// A sync that fails may have lost what it was to write: the system does not try it again.
    fn sync(&mut self, call: &Call, is_done: bool) {
        let Some(file) = self.inodes.get(&call.inode) else {
            return;
        };
        let (ours, others): (Vec<_>, _) = self.changes.drain(..).partition(|(of, _)| of == file);
        self.changes = others;
        if is_done {
            for (_, change) in ours {
                apply(&mut self.files[*file], &change, Part::All);
            }
        }
    }

    fn sync_folder(&mut self, call: &Call, is_done: bool) {
        if is_done {
            let is_inside = |naming: &Naming| naming.folder() == call.path;
            let (ours, others): (Vec<_>, _) = self.namings.drain(..).partition(is_inside);
            for naming in ours {
                naming.apply(&mut self.names);
            }
            self.namings = others;
        }
    }

    /// The files if the power stays.
    pub fn files(mut self) -> Files {
        for (file, change) in &self.changes {
            apply(&mut self.files[*file], change, Part::All);
        }
        for naming in &self.namings {
            naming.apply(&mut self.names);
        }
        self.names
            .files
            .into_iter()
            .map(|(name, file)| (name, self.files[file].clone()))
            .collect()
    }

    /// Shows each state that the disk may be in if the power goes now.
    pub fn cut(&self, cuts: Cuts, visit: &mut dyn FnMut(&Files, &str)) {
        let mut names = self.names.clone();
        self.cut_with(&names, cuts, &mut |files, cut| {
            visit(files, &format!("no new name; {cut}"));
        });
        for naming in &self.namings {
            naming.apply(&mut names);
            let last = format!("{naming:?}");
            self.cut_with(&names, cuts, &mut |files, cut| {
                visit(files, &format!("names until {last}; {cut}"));
            });
        }
    }

    fn cut_with(&self, names: &Names, cuts: Cuts, visit: &mut dyn FnMut(&Files, &str)) {
        let names = names.visible();
        let visible: BTreeSet<_> = names.values().collect();
        let changes: Vec<_> = self
            .changes
            .iter()
            .filter(|(file, _)| visible.contains(file))
            .collect();
        let mut files: Files = names
            .iter()
            .map(|(name, file)| (name.clone(), self.files[*file].clone()))
            .collect();
        for parts in parts(changes.len(), cuts) {
            for (name, file) in &names {
                if changes.iter().any(|(of, _)| of == file) {
                    let bytes = files.get_mut(name).unwrap();
                    bytes.clone_from(&self.files[*file]);
                    let ours = changes.iter().zip(&parts).filter(|((of, _), _)| of == file);
                    ours.for_each(|((_, change), part)| apply(bytes, change, *part));
                }
            }
            visit(&files, &tell(&parts));
        }
    }
}

/// The folder of a name; the one that is judged is "".
fn folder_of(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl Names {
    /// The files whose folders are there.
    fn visible(&self) -> BTreeMap<String, usize> {
        let is_there =
            |name: &str| folder_of(name).is_empty() || self.folders.contains(folder_of(name));
        let files = self.files.iter().filter(|(name, _)| is_there(name));
        files.map(|(name, file)| (name.clone(), *file)).collect()
    }
}

impl Naming {
    fn folder(&self) -> &str {
        let (Self::Folder(name)
        | Self::Name(name, _)
        | Self::Rename(_, name)
        | Self::Link(_, name)
        | Self::Unlink(name)) = self;
        folder_of(name)
    }

    fn apply(&self, names: &mut Names) {
        let files = &mut names.files;
        match self {
            Self::Folder(name) => drop(names.folders.insert(name.clone())),
            Self::Name(name, file) => drop(files.insert(name.clone(), *file)),
            Self::Unlink(name) => drop(files.remove(name)),
            Self::Rename(from, to) => {
                if let Some(file) = files.remove(from) {
                    files.insert(to.clone(), file);
                }
            }
            Self::Link(from, to) => {
                if let Some(file) = files.get(from) {
                    files.insert(to.clone(), *file);
                }
            }
        }
    }
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap()
}

fn apply(bytes: &mut Vec<u8>, change: &Change, part: Part) {
    match (change, part) {
        (_, Part::None) => {}
        (Change::SetLen(len), _) => bytes.resize(*len, 0),
        (Change::Lengthen(len), _) => bytes.resize(bytes.len().max(*len), 0),
        (Change::Write(at, data), Part::All) => write(bytes, *at, data),
        (Change::Write(at, data), part) => {
            let count = data.len().div_ceil(SECTOR);
            for (n, sector) in data.chunks(SECTOR).enumerate() {
                let is_there = match part {
                    Part::FirstHalf => n < count / 2,
                    Part::SecondHalf => n >= count / 2,
                    _ => n % 2 == 0,
                };
                if is_there {
                    write(bytes, at + n * SECTOR, sector);
                }
            }
        }
    }
}

fn write(bytes: &mut Vec<u8>, at: usize, data: &[u8]) {
    if bytes.len() < at + data.len() {
        bytes.resize(at + data.len(), 0);
    }
    bytes[at..at + data.len()].copy_from_slice(data);
}

/// The parts that may reach the disk of so many changes.
fn parts(count: usize, cuts: Cuts) -> BTreeSet<Vec<Part>> {
    let beginning = |len: usize| {
        (0..count)
            .map(|n| if n < len { Part::All } else { Part::None })
            .collect()
    };
    let mut all: BTreeSet<Vec<Part>> = (0..=count).map(beginning).collect();
    if cuts == Cuts::Beginnings {
        return all;
    }
    for n in 0..count {
        let with = |mut parts: Vec<Part>, part| {
            parts[n] = part;
            parts
        };
        all.insert(with(beginning(count), Part::None));
        all.insert(with(beginning(0), Part::All));
        for torn in TORN {
            all.insert(with(beginning(count), torn));
            all.insert(with(beginning(n), torn));
        }
    }
    all
}

/// The parts for a person: how many changes there are, and those that are not as at the beginning of the cut.
fn tell(parts: &[Part]) -> String {
    let letter = |part: &Part| match part {
        Part::None => '-',
        Part::All => '+',
        Part::FirstHalf => '1',
        Part::SecondHalf => '2',
        Part::EveryOther => '%',
    };
    format!("changes {}", parts.iter().map(letter).collect::<String>())
}
