//! Pictures of users, brought after the users themselves: the first file of their file field, checked as an upload is.

use super::change::{Change, PictureLeft};
use super::error::Error;
use super::import_progress::Reporter;
use super::note::Note;
use super::picture_field::{FileName, picture_field};
use super::source::Source;
use super::source_tables::Field;
use super::storage::Found;
use crate::avatars;
use crate::domain::{Avatar, AvatarName, Kind, RecordId, User, own_picture_name};
use crate::store::Store;

/// Bytes that one transaction brings, and a picture more.
const BATCH: usize = 8 << 20;

/// Bounds of pictures.
#[derive(Clone, Copy, Debug)]
pub struct PictureBounds {
    /// Bytes of one.
    pub max_bytes: usize,
    /// Bytes of all of them.
    pub total_bytes: u64,
}

/// Brings the pictures of users who are here and have none.
pub async fn import_pictures(
    source: &Source,
    store: &Store,
    bounds: PictureBounds,
    reporter: &mut Reporter<'_>,
) -> Result<(), Error> {
    let Some(field) = picture_field(&source.tables.users.fields) else {
        return Ok(());
    };
    let mut import = Import {
        source,
        store,
        field,
        bounds,
        used: store.avatar_totals().await?.bytes,
        batch: Vec::new(),
        batch_bytes: 0,
        reporter,
    };
    import.all().await
}

struct Import<'a, 'r> {
    source: &'a Source,
    store: &'a Store,
    field: &'a Field,
    bounds: PictureBounds,
    /// Bytes of all pictures that are here, and of those that are to be.
    used: u64,
    batch: Vec<(RecordId, Avatar)>,
    batch_bytes: usize,
    reporter: &'a mut Reporter<'r>,
}

impl Import<'_, '_> {
    async fn all(&mut self) -> Result<(), Error> {
        let source = self.source;
        let users = Kind::Users.name();
        let sql = format!("SELECT id, `{}` FROM `{users}`", self.field.name);
        let mut statement = source.db.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let id: Option<String> = row.get(0)?;
            let id = id.and_then(|id| RecordId::parse(&id));
            let name = self.field.first_file(row.get_ref(1)?);
            if let (Some(id), Some(name)) = (id, name) {
                self.user(&id, name).await?;
            }
        }
        source.ensure_unchanged()?;
        self.store_batch().await
    }

    async fn user(&mut self, id: &RecordId, name: FileName) -> Result<(), Error> {
        let Some(user) = self.store.user_by_id(id).await? else {
            return Ok(());
        };
        if self.has_another(&user, &name).await? {
            return Ok(());
        }
        match self.picture(&user, name)? {
            Ok(avatar) => self.add(user.id, avatar).await,
            Err(why) => {
                let note = Note::Changed(Change::PictureLeft(why));
                self.reporter.note(Kind::Users.name(), id.as_str(), &note);
                Ok(())
            }
        }
    }

    /// Whether the user has a picture here, or chose another one here since.
    async fn has_another(&self, user: &User, name: &FileName) -> Result<bool, Error> {
        let is_of_profile = self.field.is_of_profile() && !self.field.is_json();
        let leads_to = own_picture_name(&user.picture, &user.id);
        let is_same = leads_to.as_ref() == name.as_ref().ok();
        Ok(is_of_profile && !is_same || self.store.avatar(&user.id).await?.is_some())
    }

    fn picture(&self, user: &User, name: FileName) -> Result<Result<Avatar, PictureLeft>, Error> {
        let Ok(name) = name else {
            return Ok(Err(PictureLeft::Name));
        };
        let bytes = match self.read(&user.id, &name)? {
            Found::Whole(bytes) => bytes,
            Found::TooLarge => return Ok(Err(PictureLeft::TooLarge(self.bounds.max_bytes >> 10))),
            Found::Nothing => return Ok(Err(PictureLeft::NoFile)),
        };
        Ok(match avatars::check(&bytes) {
            Ok(_) if !self.has_room(&bytes) => Err(PictureLeft::NoRoom),
            Ok(format) => Ok(Avatar {
                name,
                format,
                uploaded: user.updated,
                bytes,
            }),
            Err(why) => Err(PictureLeft::Unfit(why)),
        })
    }

    fn read(&self, id: &RecordId, name: &AvatarName) -> Result<Found, Error> {
        let collection = &self.source.tables.users.collection.id;
        let path = [collection, id.as_str(), name.as_str()];
        let found = self.source.storage.read(path, self.bounds.max_bytes);
        found.map_err(|cause| Error::File {
            path: self.source.named.clone(),
            cause,
        })
    }

    fn has_room(&self, bytes: &[u8]) -> bool {
        self.used + bytes.len() as u64 <= self.bounds.total_bytes
    }

    async fn add(&mut self, id: RecordId, avatar: Avatar) -> Result<(), Error> {
        self.used += avatar.bytes.len() as u64;
        self.batch_bytes += avatar.bytes.len();
        self.batch.push((id, avatar));
        match self.batch_bytes > BATCH {
            true => self.store_batch().await,
            false => Ok(()),
        }
    }

    async fn store_batch(&mut self) -> Result<(), Error> {
        self.batch_bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        if !batch.is_empty() {
            self.reporter.report.pictures += self.store.put_avatars(batch).await?;
        }
        Ok(())
    }
}
