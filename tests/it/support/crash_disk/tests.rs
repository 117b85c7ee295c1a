//! The simulated disk does what it says.

use bai::store::file::Disk;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::operation::{SECTOR, Tear};
use super::recording::Cut;
use super::*;

/// A disk with 2 KiB synced, a write across its end and one more.
fn written() -> CrashDisk {
    let disk = CrashDisk::default();
    let file = disk.handle();
    file.set_len(2048).unwrap();
    file.write(0, &[1; 2048]).unwrap();
    file.sync().unwrap();
    file.set_len(4096).unwrap();
    file.write(1024, &[2; 2048]).unwrap();
    file.write(0, &[3; 512]).unwrap();
    disk
}

#[test]
fn a_cut_keeps_what_was_synced_and_may_lose_or_tear_the_rest() {
    let recording = written().recording();
    let mut synced: Vec<Vec<u8>> = Vec::new();
    for seed in 0..100 {
        let (end, image) = recording.random_cut(0, &mut StdRng::seed_from_u64(seed));
        if end > 2 {
            synced.push(image);
        }
    }
    assert!(synced.iter().all(|image| image[512..1024] == [1; 512]));
    assert!(
        synced
            .iter()
            .any(|image| image.len() == 2048 && image[1024..] == [1; 1024])
    );
    assert!(
        synced
            .iter()
            .any(|image| image.len() == 4096 && image[1024..3072] == [2; 2048])
    );
    assert!(
        synced
            .iter()
            .any(|image| image[1024] != image[1024 + SECTOR])
    );
}

#[test]
fn each_operation_of_a_window_is_lost_kept_and_torn() {
    let recording = written().recording();
    let window = recording.windows().pop().unwrap();
    assert_eq!(
        (window.base.len(), window.changes.len(), window.end),
        (2048, 3, 6)
    );
    let image = |cut| window.image(cut, Beyond::Extends);
    assert_eq!(image(Cut::First(0)), [1; 2048]);
    assert_eq!(
        image(Cut::First(1))[2048..],
        [0; 2048],
        "what is new reads as zeros"
    );
    assert_eq!(image(Cut::Only(2))[..1024], [[3; 512], [1; 512]].concat());
    assert_eq!(image(Cut::AllBut(2))[..512], [1; 512]);
    assert_eq!(
        image(Cut::Torn(1, Tear::FirstPart))[1024..3072],
        [[2; 1024], [0; 1024]].concat()
    );
    assert_eq!(
        image(Cut::OnlyTorn(1, Tear::EveryOther))[1024..1536],
        [1; 512]
    );
    assert_eq!(
        image(Cut::OnlyTorn(1, Tear::EveryOther))[1536..2048],
        [2; 512]
    );
}

#[test]
fn a_write_behind_a_lost_growth_extends_the_file_or_is_lost() {
    let recording = written().recording();
    let window = recording.windows().pop().unwrap();
    assert_eq!(window.image(Cut::AllBut(0), Beyond::Extends).len(), 3072);
    let lost = window.image(Cut::AllBut(0), Beyond::IsLost);
    assert_eq!((lost.len(), lost[0], lost[1024]), (2048, 3, 1));
}

#[test]
fn what_a_failed_sync_has_not_written_is_not_written_by_the_next_one() {
    for (reads, shown) in [(Reads::New, 2), (Reads::Old, 0)] {
        let disk = CrashDisk::new(vec![0; 1024]);
        let file = disk.handle();
        disk.plan(Fault::FailedSync(1, reads));
        file.write(0, &[2; 512]).unwrap();
        file.sync().unwrap_err();
        file.write(512, &[3; 512]).unwrap();
        file.sync().unwrap();
        assert_eq!(disk.content(), [[shown; 512], [3; 512]].concat());
        assert_eq!(disk.recording().certain(), [[0; 512], [3; 512]].concat());
    }
}

#[test]
#[should_panic(expected = "write by handle 1 of 1")]
fn a_write_after_the_close_is_found() {
    let disk = CrashDisk::default();
    let file = disk.handle();
    file.close().unwrap();
    file.write(0, &[1]).unwrap();
    disk.recording();
}

#[test]
fn an_error_passes_or_lasts() {
    let disk = CrashDisk::default();
    let file = disk.handle();
    disk.plan(Fault::Error(2));
    assert_eq!([1, 2, 3].map(|_| file.len().is_ok()), [true, false, true]);
    assert!(disk.mend());
    disk.plan(Fault::Lasting(1));
    assert_eq!([1, 2].map(|_| file.write(0, &[1]).is_ok()), [false, false]);
    assert!(disk.mend());
    file.write(0, &[1]).unwrap();
    disk.plan(Fault::Error(2));
    assert!(!disk.mend());
}
