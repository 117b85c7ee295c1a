//! A run that was recorded, and every image of the disk that a power cut during it may leave.

use rand::RngExt;
use rand::rngs::StdRng;

use super::operation::{Operation, Tear};

/// The operations of a run, and the disk before it.
#[derive(Clone, Debug)]
pub struct Recording {
    pub before: Vec<u8>,
    pub operations: Vec<Operation>,
}

/// The operations between two syncs: a cut before the second may keep, lose or tear each of them.
#[derive(Clone, Debug)]
pub struct Window<'a> {
    /// The bytes that survive for certain.
    pub base: Vec<u8>,
    pub changes: Vec<&'a Operation>,
    /// The number of operations before the cut.
    pub end: usize,
}

/// The part of a window's operations that a cut leaves.
#[derive(Clone, Copy, Debug)]
pub enum Cut {
    First(usize),
    AllBut(usize),
    Only(usize),
    Torn(usize, Tear),
    OnlyTorn(usize, Tear),
    LostAndTorn(usize, usize, Tear),
}

/// The fate of a write behind the end of the file, when the growth before it was lost.
#[derive(Clone, Copy, Debug)]
pub enum Beyond {
    Extends,
    IsLost,
}

/// The choice of images that are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// One operation lost, kept or torn.
    One,
    /// Pairs, too: one lost and another one torn.
    Pairs,
}

impl Recording {
    /// One window before each sync, and one at the end.
    pub fn windows(&self) -> Vec<Window<'_>> {
        let mut windows = Vec::new();
        let mut window = Window {
            base: self.before.clone(),
            changes: Vec::new(),
            end: 0,
        };
        for (n, operation) in self.operations.iter().enumerate() {
            match operation {
                Operation::Write(..) | Operation::SetLen(_) => window.changes.push(operation),
                Operation::Close => {}
                Operation::Sync => {
                    let base = window.image(Cut::First(window.changes.len()), Beyond::Extends);
                    let next = Window {
                        base,
                        changes: Vec::new(),
                        end: 0,
                    };
                    windows.push(Window {
                        end: n,
                        ..std::mem::replace(&mut window, next)
                    });
                }
                Operation::FailedSync => {
                    let next = Window {
                        base: window.base.clone(),
                        changes: Vec::new(),
                        end: 0,
                    };
                    windows.push(Window {
                        end: n,
                        ..std::mem::replace(&mut window, next)
                    });
                }
            }
        }
        windows.push(Window {
            end: self.operations.len(),
            ..window
        });
        windows
    }

    /// The bytes that survive for certain: all that a sync has written.
    pub fn certain(&self) -> Vec<u8> {
        self.windows().pop().unwrap().base
    }

    /// The disk after a cut before a random operation, at least `from`: each change since the last sync is there, lost, or torn. Also, the number
    /// of operations before the cut.
    pub fn random_cut(&self, from: usize, rng: &mut StdRng) -> (usize, Vec<u8>) {
        let end = rng.random_range(from..=self.operations.len());
        let cut = Self {
            before: self.before.clone(),
            operations: self.operations[..end].to_vec(),
        };
        let window = cut.windows().pop().unwrap();
        let mut content = window.base;
        for change in window.changes {
            match rng.random_range(0..3) {
                0 => {}
                1 => change.apply(&mut content),
                _ => change
                    .sectors()
                    .iter()
                    .filter(|_| rng.random_range(0..2) == 0)
                    .for_each(|sector| sector.apply(&mut content)),
            }
        }
        (end, content)
    }
}

impl Window<'_> {
    /// Every way to cut it.
    pub fn cuts(&self, depth: Depth) -> Vec<Cut> {
        let all = 0..self.changes.len();
        let tearable = || all.clone().filter(|n| self.changes[*n].is_tearable());
        let torn = || tearable().flat_map(|n| Tear::ALL.map(|tear| (n, tear)));
        let mut cuts: Vec<Cut> = (0..=self.changes.len()).map(Cut::First).collect();
        cuts.extend(all.clone().flat_map(|n| [Cut::AllBut(n), Cut::Only(n)]));
        cuts.extend(torn().map(|(n, tear)| Cut::Torn(n, tear)));
        if depth == Depth::Pairs {
            cuts.extend(torn().map(|(n, tear)| Cut::OnlyTorn(n, tear)));
            let pairs = all
                .clone()
                .flat_map(|lost| torn().map(move |(n, tear)| (lost, n, tear)));
            let pairs = pairs.filter(|(lost, n, _)| lost != n);
            cuts.extend(pairs.map(|(lost, n, tear)| Cut::LostAndTorn(lost, n, tear)));
        }
        cuts
    }

    /// The disk after a cut.
    pub fn image(&self, cut: Cut, beyond: Beyond) -> Vec<u8> {
        let mut content = self.base.clone();
        for (n, change) in self.changes.iter().enumerate() {
            for part in cut.kept(n, change) {
                if matches!(beyond, Beyond::Extends) || !part.is_beyond(&content) {
                    part.apply(&mut content);
                }
            }
        }
        content
    }
}

impl Cut {
    /// The operations that are left of the `n`-th change.
    fn kept(self, n: usize, change: &Operation) -> Vec<Operation> {
        match self {
            Self::Torn(torn, tear)
            | Self::OnlyTorn(torn, tear)
            | Self::LostAndTorn(_, torn, tear)
                if torn == n =>
            {
                change.torn(tear)
            }
            Self::First(count) if n < count => vec![change.clone()],
            Self::AllBut(lost) | Self::LostAndTorn(lost, ..) if lost != n => vec![change.clone()],
            Self::Only(kept) if kept == n => vec![change.clone()],
            Self::Torn(..) => vec![change.clone()],
            _ => Vec::new(),
        }
    }
}
