//! Storage that can be made to fail.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bai::store::Location;
use bai::store::file::{Disk, MemoryDisk};

/// A disk in memory. Full: every write, sync and growth fails. Dead: every read, too.
#[derive(Clone, Debug, Default)]
pub struct FailingDisk {
    storage: Arc<MemoryDisk>,
    full: Arc<AtomicBool>,
    dead: Arc<AtomicBool>,
}

impl FailingDisk {
    pub fn location(&self) -> Location {
        let disk = self.clone();
        Location::Custom(Arc::new(move || Box::new(disk.clone())))
    }

    pub fn fill(&self, full: bool) {
        self.full.store(full, Ordering::SeqCst);
    }

    pub fn kill(&self) {
        self.fill(true);
        self.dead.store(true, Ordering::SeqCst);
    }

    fn readable(&self) -> io::Result<()> {
        match self.dead.load(Ordering::SeqCst) {
            true => Err(io::Error::other("the disk is dead")),
            false => Ok(()),
        }
    }

    fn writable(&self) -> io::Result<()> {
        match self.full.load(Ordering::SeqCst) {
            true => Err(io::Error::from(io::ErrorKind::StorageFull)),
            false => Ok(()),
        }
    }
}

impl Disk for FailingDisk {
    fn len(&self) -> io::Result<u64> {
        self.storage.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.readable()?;
        self.storage.read(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.writable()?;
        self.storage.set_len(len)
    }
    fn sync(&self) -> io::Result<()> {
        self.writable()?;
        self.storage.sync()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.writable()?;
        self.storage.write(offset, data)
    }
}
