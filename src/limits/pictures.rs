//! Pictures that one user uploads.

use super::error::{Error, Result};
use super::limiter::{Limits, PICTURES};
use super::rule::Rule;
use crate::domain::RecordId;

/// Permission to upload a picture. It is used up when its file has arrived, and not if it is dropped before, as when the connection breaks.
#[must_use]
pub struct PictureUpload<'a> {
    limits: &'a Limits,
    /// Key and time; nothing when limits are off.
    counted: Option<(u64, i64)>,
    has_arrived: bool,
}

impl Limits {
    /// Admits a picture of `user`: 20 in any 24 hours, those included that are refused once they are there, or still on their way.
    pub fn picture_upload(&self, user: &RecordId) -> Result<PictureUpload<'_>> {
        if !self.enabled {
            return Ok(PictureUpload {
                limits: self,
                counted: None,
                has_arrived: false,
            });
        }
        let (key, now) = (self.digest(user), self.clock.steady_ms());
        let mut pictures = self.pictures.lock();
        let recent = pictures.get(key);
        if let Some(retry_after) = recent.wait(now, PICTURES) {
            self.refusals.count(Rule::Pictures);
            return Err(Error::TooManyAttempts { retry_after });
        }
        pictures.set(key, recent.with(now));
        Ok(PictureUpload {
            limits: self,
            counted: Some((key, now)),
            has_arrived: false,
        })
    }
}

impl PictureUpload<'_> {
    /// Takes the upload back: it failed for reasons that are not the user's.
    pub fn take_back(mut self) {
        self.has_arrived = false;
    }

    /// Uses it up: the file is there, whole.
    pub fn arrived(&mut self) {
        self.has_arrived = true;
    }
}

impl Drop for PictureUpload<'_> {
    fn drop(&mut self) {
        if let Some((key, at)) = self.counted.filter(|_| !self.has_arrived) {
            let mut pictures = self.limits.pictures.lock();
            let recent = pictures.get(key).without(at);
            pictures.set(key, recent);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::tests::{limits, refused_for};
    use super::*;

    /// An upload whose file has arrived.
    fn upload<'a>(limits: &'a Limits, user: &RecordId) -> PictureUpload<'a> {
        let mut upload = limits.picture_upload(user).unwrap();
        upload.arrived();
        upload
    }

    #[test]
    fn twenty_pictures_a_day_and_what_is_taken_back_or_does_not_arrive_is_none() {
        let limits = limits();
        let (a, b) = (
            RecordId::from_random([0; 30]),
            RecordId::from_random([1; 30]),
        );
        for _ in 0..20 {
            upload(&limits, &a).take_back();
            drop(limits.picture_upload(&a).unwrap());
            drop(upload(&limits, &a));
            limits.clock.advance(Duration::from_mins(5));
        }
        let wait = refused_for(limits.picture_upload(&a)).unwrap();
        assert!((20 * 3600..27 * 3600).contains(&wait), "{wait}");
        assert!(limits.picture_upload(&b).is_ok());
        limits.clock.advance(Duration::from_secs(wait));
        assert!(limits.picture_upload(&a).is_ok());
    }
}
