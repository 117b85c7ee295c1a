//! The verdict on an image of the disk after a power cut.

use bai::store::Store;
use tokio::runtime::Runtime;

use super::state::{Change, State, stamp};
use crate::support::crash_disk::CrashDisk;
use crate::support::steps;

const CACHE: usize = 1 << 20;

/// The file opens, holds one of the expected states, whole, and takes another write that stays.
pub fn survives(runtime: &Runtime, image: Vec<u8>, expected: &[State]) -> Result<(), String> {
    let disk = CrashDisk::new(image);
    let store =
        Store::open(&disk.location(), CACHE).map_err(|error| format!("opening: {error}"))?;
    let state = State::read(runtime, &store)?;
    if !expected.contains(&state) {
        return Err(state.differs(expected));
    }
    let more = [Change::Insert(9_999)];
    let written = runtime.block_on(steps::take(&store, stamp(), [more[0].step()]));
    written.map_err(|error| format!("writing: {error}"))?;
    let counted = runtime
        .block_on(store.count_users())
        .map_err(|error| format!("counting: {error}"))?;
    match state
        .after(&more)
        .is_some_and(|after| after.count() == counted)
    {
        true => Ok(()),
        false => Err(format!("there are {counted} users after another write")),
    }
}
