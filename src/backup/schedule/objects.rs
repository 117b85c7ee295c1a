//! The scheduled backups in the bucket, and which of them are the database's own. Several servers may share a prefix.

use std::collections::{BTreeSet, HashMap};

use parking_lot::{Mutex, MutexGuard};

use super::plan::{self, Scheduled};
use crate::backup::s3::{Bucket, Error, Labels};

/// The bucket, and what is known of the objects in it.
pub struct Objects {
    pub bucket: Bucket,
    /// Labels do not change: each object is asked for them once.
    labels: Mutex<HashMap<String, Labels>>,
}

/// The scheduled backups in the bucket.
pub struct Listed {
    /// The names of all scheduled backups, whosever they are.
    pub names: BTreeSet<String>,
    /// Those of this database.
    pub own: Vec<Scheduled>,
}

impl Objects {
    pub fn new(bucket: Bucket) -> Self {
        Self {
            bucket,
            labels: Mutex::default(),
        }
    }

    /// The scheduled backups in the bucket. Those whose names are `wanted` are one's own when they are labelled with `id`, or have no
    /// label and are among those that are known as `uploaded`.
    pub async fn list(
        &self,
        id: &str,
        uploaded: &BTreeSet<String>,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Listed, Error> {
        let objects = self.bucket.list(plan::START).await?;
        let all: Vec<_> = objects
            .iter()
            .filter_map(|(name, size)| Scheduled::parse(name, *size))
            .collect();
        let names: BTreeSet<_> = all.iter().map(|object| object.name.clone()).collect();
        self.lock().retain(|name, _| names.contains(name));
        let mut own = Vec::new();
        for object in all.into_iter().filter(|object| wanted(&object.name)) {
            let labels = self.labels(&object.name).await?;
            let is_own = match &labels.database {
                Some(database) => database == id,
                None => uploaded.contains(&object.name),
            };
            if is_own {
                own.push(Scheduled {
                    users: labels.users,
                    ..object
                });
            }
        }
        Ok(Listed { names, own })
    }

    /// Remembers what an object was uploaded with.
    pub fn remember(&self, name: &str, labels: Labels) {
        self.lock().insert(name.to_owned(), labels);
    }

    /// A request that is refused for good: the object is nobody's for now.
    async fn labels(&self, name: &str) -> Result<Labels, Error> {
        let known = self.lock().get(name).cloned();
        if let Some(labels) = known {
            return Ok(labels);
        }
        match self.bucket.labels(name).await {
            Ok(labels) => {
                self.remember(name, labels.clone());
                Ok(labels)
            }
            Err(error @ Error::Retryable(_)) => Err(error),
            Err(_) => Ok(Labels::nobody()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Labels>> {
        self.labels.lock()
    }
}
