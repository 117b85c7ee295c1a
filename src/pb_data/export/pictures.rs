//! Pictures of users, written where PocketBase looks for the files of their field.

use std::fs::DirBuilder;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::super::error::Error;
use super::super::files::beside;
use super::super::picture_field::picture_field;
use super::super::source_tables::Field;
use super::super::storage::STORAGE;
use super::private_file::{at, private_file};
use crate::domain::{Avatar, Collection, RecordId};
use crate::store::{Record, Store};

/// End of the name of a file that describes another one.
const ATTRIBUTES: &str = ".attrs";

/// The pictures of an export.
pub struct Pictures {
    /// The folder of the files of all users.
    folder: PathBuf,
    /// The field that names them, if the collection has one.
    field: Option<NamingField>,
    /// The number of pictures in the database.
    count: u64,
    /// The number of those that were written.
    pub written: u64,
}

/// A field that names pictures.
#[derive(Clone)]
pub struct NamingField {
    name: String,
    is_list: bool,
}

impl Pictures {
    /// Those of `store`, whose users go to a table with these fields.
    pub async fn of(
        store: &Store,
        users: &Collection,
        fields: &[Field],
        out: &Path,
    ) -> Result<Self, Error> {
        let field = picture_field(fields).map(|field| NamingField {
            name: field.name.clone(),
            is_list: field.is_json(),
        });
        Ok(Self {
            folder: out.join(STORAGE).join(&users.id),
            field,
            count: store.avatar_totals().await?.count,
            written: 0,
        })
    }

    /// The number of pictures that have no place in PocketBase.
    pub fn left(&self) -> u64 {
        self.count.saturating_sub(self.written)
    }

    /// The picture of a record, with the field that names it.
    pub async fn find(
        &self,
        store: &Store,
        record: &Record,
    ) -> Result<Option<(NamingField, Avatar)>, Error> {
        match (&self.field, record) {
            (Some(field), Record::User(user)) if self.count > 0 => {
                let avatar = store.avatar(&user.id).await?;
                Ok(avatar.map(|avatar| (field.clone(), avatar)))
            }
            _ => Ok(None),
        }
    }

    /// Writes a picture for its owner only, as all that is exported.
    pub fn write(&mut self, id: &RecordId, avatar: &Avatar) -> Result<(), Error> {
        let folder = self.folder.join(id.as_str());
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(at(&folder))?;
        let path = folder.join(avatar.name.as_str());
        write(&path, &avatar.bytes)?;
        write(
            &beside(&path, ATTRIBUTES),
            attributes(avatar).to_string().as_bytes(),
        )?;
        self.written += 1;
        Ok(())
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    private_file(path)?.write_all(bytes).map_err(at(path))
}

/// The description of a file, without which PocketBase gives it as one of no type.
fn attributes(avatar: &Avatar) -> Value {
    json!({
        "user.content_type": avatar.format.mime(),
        "user.metadata": { "original-filename": avatar.name.as_str() },
    })
}

impl NamingField {
    /// Names a picture in the values of a record, unless these do already.
    pub fn name_picture(&self, values: &mut Map<String, Value>, avatar: &Avatar) {
        let name = avatar.name.as_str();
        let is_named = match values.get(&self.name) {
            Some(Value::Array(names)) => names.iter().any(|known| known == name),
            Some(known) => known == name,
            None => false,
        };
        if !is_named {
            let value = if self.is_list {
                json!([name])
            } else {
                json!(name)
            };
            values.insert(self.name.clone(), value);
        }
    }
}
