//! The file field that has the pictures of users.

use rusqlite::types::ValueRef;

use super::source_tables::Field;
use crate::domain::AvatarName;

/// The field of users with this name comes first …
const OF_PROFILE: &str = "users_picture";
/// … then the one that PocketBase's own collection of users has.
const USUAL: &str = "avatar";

/// The field of users whose files are their pictures: of several file fields one that is named so, else the only one. Files that
/// PocketBase does not give to everybody are none.
pub fn picture_field(fields: &[Field]) -> Option<&Field> {
    let is_public = |field: &&Field| field.r#type == "file" && !field.hidden && !field.protected;
    let of_files: Vec<_> = fields.iter().filter(is_public).collect();
    let named = |name: &str| of_files.iter().find(|field| field.name == name);
    let only = of_files.first().filter(|_| of_files.len() == 1);
    named(OF_PROFILE).or_else(|| named(USUAL)).or(only).copied()
}

impl Field {
    /// Whether it is the field by which the profile shows the picture.
    pub fn is_of_profile(&self) -> bool {
        self.name == OF_PROFILE
    }

    /// The name of the first file in a column.
    pub fn first_file(&self, value: ValueRef<'_>) -> Option<FileName> {
        let text = value.as_str_or_null().ok()??;
        let first = match self.is_json() {
            true => serde_json::from_str::<Vec<String>>(text)
                .ok()?
                .into_iter()
                .next()?,
            false => text.to_owned(),
        };
        (!first.is_empty()).then(|| AvatarName::parse(&first).ok_or(first))
    }
}

/// The name of a file, or a text that is none.
pub type FileName = Result<AvatarName, String>;
