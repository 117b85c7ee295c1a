//! Pictures that one user uploads.

use super::error::{Error, Result};
use super::limiter::{Limits, PICTURES};
use super::rule::Rule;
use crate::domain::RecordId;

/// Permission to upload a picture. It is used up unless it is taken back.
pub struct PictureUpload<'a> {
    limits: &'a Limits,
    /// Key and time; nothing when limits are off.
    counted: Option<(u64, i64)>,
}

impl Limits {
    /// Admits a picture of `user`: 20 in any 24 hours, those that are refused included.
    pub fn picture_upload(&self, user: &RecordId) -> Result<PictureUpload<'_>> {
        if !self.enabled {
            return Ok(PictureUpload {
                limits: self,
                counted: None,
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
        })
    }
}

impl PictureUpload<'_> {
    /// Takes the upload back: it failed for reasons that are not the user's.
    pub fn take_back(self) {
        if let Some((key, at)) = self.counted {
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

    #[test]
    fn twenty_pictures_a_day_and_what_is_taken_back_is_none() {
        let limits = limits();
        let (a, b) = (
            RecordId::from_random([0; 30]),
            RecordId::from_random([1; 30]),
        );
        for _ in 0..20 {
            limits.picture_upload(&a).unwrap().take_back();
            limits.picture_upload(&a).unwrap();
            limits.clock.advance(Duration::from_mins(5));
        }
        let wait = refused_for(limits.picture_upload(&a)).unwrap();
        assert!((20 * 3600..27 * 3600).contains(&wait), "{wait}");
        assert!(limits.picture_upload(&b).is_ok());
        limits.clock.advance(Duration::from_secs(wait));
        assert!(limits.picture_upload(&a).is_ok());
    }
}
