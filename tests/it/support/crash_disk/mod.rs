//! A disk with a cache: what was written and not synced may be lost, in part and in any order, when the power goes. It
//! records what is done to it, so that every image that a cut may leave can be made from one run.

mod operation;
mod recording;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, mpsc};

use bai::store::Location;
use bai::store::file::Disk;
use tokio::sync::oneshot;

pub use self::operation::Operation;
pub use self::recording::{Beyond, Depth, Recording};

/// A failure of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The n-th call fails, the next ones work.
    Error(u64),
    /// Every call from the n-th on fails, until [`CrashDisk::mend`].
    Lasting(u64),
    /// The n-th sync fails, and what it should have written is not written by the next one either.
    FailedSync(u64, Reads),
}

/// The bytes that reads show after a failed sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// The new bytes: Linux marks the pages of its cache as clean.
    New,
    /// The bytes that are on the disk.
    Old,
}

#[derive(Clone, Debug, Default)]
pub struct CrashDisk {
    state: Arc<Mutex<State>>,
    gate: Arc<Gate>,
}

/// Holds the next call that writes.
#[derive(Debug, Default)]
struct Gate {
    /// Taken by the call that is held: says so, and waits until the other end is dropped.
    waiting: Mutex<Option<(oneshot::Sender<()>, mpsc::Receiver<()>)>>,
    closed: Mutex<Option<mpsc::Sender<()>>>,
}

#[derive(Debug, Default)]
struct State {
    before: Vec<u8>,
    /// The bytes that survive for certain.
    synced: Vec<u8>,
    /// The bytes that reads show.
    current: Vec<u8>,
    /// The number of the first operation that is not synced.
    unsynced: usize,
    operations: Vec<Operation>,
    calls: u64,
    syncs: u64,
    fault: Option<Fault>,
    /// The call that failed first.
    failed: Option<&'static str>,
    handles: u64,
    /// The first write by a handle that may not write any more.
    misuse: Option<String>,
}

impl CrashDisk {
    pub fn new(content: Vec<u8>) -> Self {
        let state = State {
            before: content.clone(),
            synced: content.clone(),
            current: content,
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            gate: Arc::default(),
        }
    }

    /// Holds the next call that writes until [`CrashDisk::let_go`]; what is returned hears of that call.
    pub fn hold(&self) -> oneshot::Receiver<()> {
        let (reached, is_reached) = oneshot::channel();
        let (closed, opened) = mpsc::channel();
        *self.gate.waiting.lock().unwrap() = Some((reached, opened));
        *self.gate.closed.lock().unwrap() = Some(closed);
        is_reached
    }

    /// Lets a call go on that is held, and holds none any more.
    pub fn let_go(&self) {
        drop(self.gate.waiting.lock().unwrap().take());
        drop(self.gate.closed.lock().unwrap().take());
    }

    pub fn location(&self) -> Location {
        let disk = self.clone();
        Location::Custom(Arc::new(move || Box::new(disk.handle())))
    }

    /// An open file on the disk. The one before it may not write any more.
    fn handle(&self) -> Handle {
        let mut state = self.state();
        state.handles += 1;
        Handle {
            disk: self.clone(),
            number: state.handles,
            closed: AtomicBool::new(false),
        }
    }

    /// Plans a fault; its number is counted from here on, from 1.
    pub fn plan(&self, fault: Fault) {
        let mut state = self.state();
        state.fault = Some(match fault {
            Fault::Error(n) => Fault::Error(state.calls + n),
            Fault::Lasting(n) => Fault::Lasting(state.calls + n),
            Fault::FailedSync(n, reads) => Fault::FailedSync(state.syncs + n, reads),
        });
    }

    /// Takes back a planned fault, or ends one that lasts; false when it has not happened.
    pub fn mend(&self) -> bool {
        let has_failed = self.has_failed();
        self.state().fault = None;
        has_failed
    }

    /// The call that failed first.
    pub fn failed(&self) -> Option<&'static str> {
        self.state().failed
    }

    /// True if the planned fault has happened.
    pub fn has_failed(&self) -> bool {
        let state = self.state();
        match state.fault {
            None => true,
            Some(Fault::Lasting(n)) => state.calls >= n,
            Some(_) => false,
        }
    }

    /// The bytes that reads show.
    pub fn content(&self) -> Vec<u8> {
        self.state().current.clone()
    }

    /// Operations so far.
    pub fn operations(&self) -> usize {
        self.state().operations.len()
    }

    /// The operations on the disk so far.
    ///
    /// # Panics
    /// When a handle wrote after it was closed, or after another one was opened.
    pub fn recording(&self) -> Recording {
        let state = self.state();
        assert_eq!(state.misuse, None);
        Recording {
            before: state.before.clone(),
            operations: state.operations.clone(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn call(&self, name: &'static str) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.calls += 1;
        match state.fault {
            Some(Fault::Error(n)) if n == state.calls => state.fault = None,
            Some(Fault::Lasting(n)) if n <= state.calls => {}
            _ => return Ok(state),
        }
        state.failed.get_or_insert(name);
        Err(io::Error::other("a planned fault"))
    }
}

impl State {
    fn change(&mut self, change: Operation) {
        change.apply(&mut self.current);
        self.operations.push(change);
    }

    fn sync(&mut self) -> io::Result<()> {
        self.syncs += 1;
        let changes = self.unsynced..self.operations.len();
        self.unsynced = self.operations.len() + 1;
        if let Some(Fault::FailedSync(n, reads)) = self.fault
            && n == self.syncs
        {
            self.fault = None;
            self.failed = Some("sync");
            self.operations.push(Operation::FailedSync);
            if reads == Reads::Old {
                self.current.clone_from(&self.synced);
            }
            return Err(io::Error::other("a planned failure of a sync"));
        }
        self.operations[changes]
            .iter()
            .for_each(|change| change.apply(&mut self.synced));
        self.operations.push(Operation::Sync);
        Ok(())
    }
}

/// An open file on the disk.
#[derive(Debug)]
struct Handle {
    disk: CrashDisk,
    number: u64,
    closed: AtomicBool,
}

impl Handle {
    /// A call that only the newest handle may make, while it is open.
    fn writing_call(&self, name: &'static str) -> io::Result<MutexGuard<'_, State>> {
        let waiting = self.disk.gate.waiting.lock().unwrap().take();
        if let Some((reached, opened)) = waiting {
            let _ = reached.send(());
            let _ = opened.recv();
        }
        let mut state = self.disk.call(name)?;
        if self.closed.load(Ordering::SeqCst) || self.number != state.handles {
            let misuse = format!("{name} by handle {} of {}", self.number, state.handles);
            state.misuse.get_or_insert(misuse);
        }
        Ok(state)
    }
}

impl Disk for Handle {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.call("len")?.current.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.disk.call("read")?;
        let at = usize::try_from(offset).unwrap();
        let data = state
            .current
            .get(at..at + out.len())
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(data);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.writing_call("set_len")?
            .change(Operation::SetLen(usize::try_from(len).unwrap()));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.writing_call("sync")?.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let write = Operation::Write(usize::try_from(offset).unwrap(), data.to_vec());
        self.writing_call("write")?.change(write);
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        let was_closed = self.closed.swap(true, Ordering::SeqCst);
        let mut state = self.disk.call("close")?;
        if was_closed {
            state
                .misuse
                .get_or_insert_with(|| format!("handle {} is closed twice", self.number));
        }
        state.operations.push(Operation::Close);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
