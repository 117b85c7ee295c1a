//! A disk with a cache: what was written and not synced may be lost, in part and in any order, when the power goes.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use bai::store::{Location, StorageBackend};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A cut tears a write at borders of this many bytes.
const SECTOR: usize = 512;

/// What happens at the n-th call.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// That call fails, the next ones work.
    Error,
    /// Nothing works from then on.
    PowerCut,
}

#[derive(Clone, Debug, Default)]
pub struct Platter(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// What survives for certain.
    synced: Vec<u8>,
    /// What reads show.
    current: Vec<u8>,
    /// What came since the last sync.
    unsynced: Vec<Change>,
    calls: u64,
    fault: Option<(u64, Fault)>,
    off: bool,
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    SetLen(usize),
}

impl Platter {
    pub fn new(content: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(State { synced: content.clone(), current: content, ..State::default() })))
    }

    pub fn location(&self) -> Location {
        let platter = self.clone();
        Location::Custom(Arc::new(move || Box::new(platter.clone())))
    }

    /// Plans a fault at the `n`-th call from now, counted from 1.
    pub fn plan(&self, n: u64, fault: Fault) {
        let mut state = self.state();
        state.fault = Some((state.calls + n, fault));
    }

    /// Takes back a planned fault; false when there is none left to take back, because it happened.
    pub fn take_back(&self) -> bool {
        self.state().fault.take().is_some()
    }

    /// What reads show.
    pub fn content(&self) -> Vec<u8> {
        self.state().current.clone()
    }

    pub fn calls(&self) -> u64 {
        self.state().calls
    }

    /// The disk as it may be when the power is back: of what was not synced, each change is there, lost, or torn.
    pub fn after_cut(&self, rng: &mut StdRng) -> Self {
        let state = self.state();
        let mut content = state.synced.clone();
        for change in &state.unsynced {
            match rng.random_range(0..3) {
                0 => {}
                1 => apply(&mut content, change),
                _ => apply_torn(&mut content, change, rng),
            }
        }
        Self::new(content)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn step(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.calls += 1;
        if let Some((at, fault)) = state.fault
            && at == state.calls
        {
            state.off = matches!(fault, Fault::PowerCut);
            state.fault = None;
            return Err(io::Error::other("a planned fault"));
        }
        if state.off { Err(io::Error::other("the power is off")) } else { Ok(state) }
    }

    fn change(&self, change: Change) -> io::Result<()> {
        let mut state = self.step()?;
        apply(&mut state.current, &change);
        state.unsynced.push(change);
        Ok(())
    }
}

fn apply(content: &mut Vec<u8>, change: &Change) {
    match change {
        Change::SetLen(len) => content.resize(*len, 0),
        Change::Write(at, data) => {
            if content.len() < at + data.len() {
                content.resize(at + data.len(), 0);
            }
            content[*at..at + data.len()].copy_from_slice(data);
        }
    }
}

fn apply_torn(content: &mut Vec<u8>, change: &Change, rng: &mut StdRng) {
    let Change::Write(at, data) = change else { return };
    for (n, sector) in data.chunks(SECTOR).enumerate() {
        if rng.random_range(0..2) == 0 {
            apply(content, &Change::Write(at + n * SECTOR, sector.to_vec()));
        }
    }
}

impl StorageBackend for Platter {
    fn len(&self) -> io::Result<u64> {
        Ok(self.step()?.current.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.step()?;
        let at = usize::try_from(offset).unwrap();
        let data = state.current.get(at..at + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(data);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(Change::SetLen(usize::try_from(len).unwrap()))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.step()?;
        let State { synced, unsynced, .. } = &mut *state;
        unsynced.drain(..).for_each(|change| apply(synced, &change));
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(Change::Write(usize::try_from(offset).unwrap(), data.to_vec()))
    }
}

#[test]
fn a_cut_keeps_what_was_synced_and_may_lose_or_tear_the_rest() {
    let platter = Platter::default();
    platter.write(0, &[1; 2048]).unwrap();
    platter.sync_data().unwrap();
    platter.write(1024, &[2; 2048]).unwrap();
    let images: Vec<_> = (0..100)
        .map(|seed| platter.after_cut(&mut StdRng::seed_from_u64(seed)).state().current.clone())
        .collect();
    assert!(images.iter().all(|image| image[..1024] == [1; 1024]));
    assert!(images.iter().any(|image| image.len() == 2048 && image[1024..] == [1; 1024]));
    assert!(images.iter().any(|image| image.len() == 3072 && image[1024..] == [2; 2048]));
    assert!(images.iter().any(|image| image[1024] != image[1024 + SECTOR]));
}
