//! Checks and small pictures, with what is counted of them.

use bytes::Bytes;
use parking_lot::Mutex;

use super::bench::{Bench, NotDone};
use super::picture::check;
use super::thumbs::{self, Kept};
use super::unfit::Unfit;
use crate::domain::{Avatar, ImageFormat, RecordId};
use crate::metrics::{self, Counters, Metrics};

/// All that is done with pictures.
pub struct Pictures {
    checks: Bench,
    smalls: Bench,
    kept: Mutex<Kept>,
    uploads: Counters,
    thumbs: Counters,
}

/// Reason why nothing was done with a picture.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// It is none.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// So many wait already that it was not begun.
    #[error("too many pictures wait to be decoded")]
    Busy,
}

/// Outcome of an upload.
#[derive(Clone, Copy, Debug)]
pub enum UploadOutcome {
    /// It is stored.
    Stored,
    /// It is no picture that is taken.
    Refused,
    /// The user has uploaded enough today, or too much was going on.
    Limited,
    /// There is no room for it.
    NoRoom,
    /// It failed for reasons of the server.
    Failed,
}

impl UploadOutcome {
    fn name(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Refused => "refused",
            Self::Limited => "limited",
            Self::NoRoom => "no_room",
            Self::Failed => "failed",
        }
    }
}

impl Default for Pictures {
    fn default() -> Self {
        Self {
            checks: Bench::new("picture"),
            smalls: Bench::new("thumb"),
            kept: Mutex::default(),
            uploads: metrics::counters(
                "bai_avatar_uploads_total",
                "Pictures that users uploaded, by outcome: stored, refused (no picture that is taken), limited, no_room (avatars.total_mib), failed.",
                &["outcome"],
            ),
            thumbs: metrics::counters(
                "bai_avatar_thumbs_total",
                "Small pictures that were answered, by whether they were made for it or kept from before.",
                &["from"],
            ),
        }
    }
}

impl Pictures {
    /// Shows what is counted.
    pub fn register_metrics(&self, metrics: &Metrics) {
        metrics.register(&self.uploads);
        metrics.register(&self.thumbs);
    }

    /// Counts an upload.
    pub fn count_upload(&self, outcome: UploadOutcome) {
        self.uploads.with_label_values(&[outcome.name()]).inc();
    }

    /// The bytes with their format, if they are a picture. `room` is asked for [`DECODING_BYTES`] before it is decoded.
    ///
    /// [`DECODING_BYTES`]: super::DECODING_BYTES
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn check<R: Send + 'static>(
        &self,
        bytes: Vec<u8>,
        room: impl Fn() -> Option<R>,
    ) -> Result<(Vec<u8>, ImageFormat), Failed> {
        let checked = self.checks.run(room, move || {
            let format = check(&bytes)?;
            Ok((bytes, format))
        });
        checked.await.map_err(why)?
    }

    /// The picture of a user, 100 by 100, with room as for a check.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn small<R: Send + 'static>(
        &self,
        id: &RecordId,
        avatar: Avatar,
        room: impl Fn() -> Option<R>,
    ) -> Result<Bytes, Failed> {
        let key = thumbs::key(id, &avatar);
        let kept = self.kept.lock().get(&key);
        if let Some(small) = kept {
            self.thumbs.with_label_values(&["kept"]).inc();
            return Ok(small);
        }
        let made = self.smalls.run(room, move || thumbs::small(&avatar)).await;
        let small = made.map_err(why)??;
        self.thumbs.with_label_values(&["made"]).inc();
        self.kept.lock().put(key, small.clone());
        Ok(small)
    }
}

/// A decoder that panics was given what is no picture.
fn why(not_done: NotDone) -> Failed {
    match not_done {
        NotDone::Full => Failed::Busy,
        NotDone::Failed(error) => {
            tracing::warn!(%error, "a picture could not be decoded");
            Failed::Unfit(Unfit::Damaged)
        }
    }
}
