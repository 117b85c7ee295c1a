//! Disks that are no files of this machine: one in memory, and those that tests make.

use std::fmt::Debug;
use std::io;

use parking_lot::RwLock;
use redb::StorageBackend;

/// A disk that a database is on, instead of a file.
#[expect(
    clippy::len_without_is_empty,
    reason = "nobody asks whether it is empty"
)]
pub trait Disk: Debug + Send + Sync + 'static {
    /// Its length in bytes.
    fn len(&self) -> io::Result<u64>;

    /// Fills `out` with the bytes from `offset` on; all of them have to be within the length.
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// Makes it longer, with zeros at its end, or shorter.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Waits until all that was written is there for good.
    fn sync(&self) -> io::Result<()>;

    /// Writes `data` from `offset` on.
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()>;

    /// Ends its use by who opened it.
    fn close(&self) -> io::Result<()> {
        Ok(())
    }
}

/// A disk that is gone when its last handle is dropped.
#[derive(Debug, Default)]
pub struct MemoryDisk(RwLock<Vec<u8>>);

impl Disk for MemoryDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.read().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let bytes = self.0.read();
        let at = index(offset)?;
        let end = at.saturating_add(out.len());
        out.copy_from_slice(bytes.get(at..end).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.write().resize(index(len)?, 0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut bytes = self.0.write();
        let at = index(offset)?;
        let end = at.saturating_add(data.len());
        let place = bytes.get_mut(at..end).ok_or(io::ErrorKind::UnexpectedEof)?;
        place.copy_from_slice(data);
        Ok(())
    }
}

fn index(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(io::Error::other)
}

/// A disk as redb uses it.
#[derive(Debug)]
pub struct DiskBackend(pub Box<dyn Disk>);

impl StorageBackend for DiskBackend {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }
}
