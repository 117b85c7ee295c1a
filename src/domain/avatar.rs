//! Avatars: pictures of users that are kept in the database.

use std::fmt;

use jiff::Timestamp;

use super::RecordId;

/// Folder of all pictures in the API: PocketBase's, by the name of the collection.
pub const AVATAR_FOLDER: &str = "/api/files/tbl_auth_users/";

/// Folder of all files in the API.
const FILES_FOLDER: &str = "/api/files/";

/// Name of a picture in its address, e.g. `avatar_4k2j9x0a1b.png`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AvatarName(String);

impl AvatarName {
    /// Bytes of a name at most.
    const MAX: usize = 160;

    /// Reads a name: up to 160 characters `[A-Za-z0-9_.-]`, of which the first is no dot, as PocketBase makes them.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
        let ok = (1..=Self::MAX).contains(&name.len())
            && !name.starts_with('.')
            && name.bytes().all(plain);
        ok.then(|| Self(name.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AvatarName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Format of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImageFormat {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    WebP,
}

impl ImageFormat {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Jpeg, Self::Png, Self::WebP];

    /// The media type.
    #[must_use]
    pub fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
        }
    }

    /// The end of a file's name, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::WebP => "webp",
        }
    }
}

/// The picture of a user, as it is stored and served.
#[derive(Clone, PartialEq, Eq)]
pub struct Avatar {
    /// Name in its address.
    pub name: AvatarName,
    /// Format, as its content shows.
    pub format: ImageFormat,
    /// Time of its upload.
    pub uploaded: Timestamp,
    /// The file.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Avatar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Avatar({}, {} bytes)", self.name, self.bytes.len())
    }
}

/// Pictures of all users together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AvatarTotals {
    /// Their number.
    pub count: u64,
    /// Bytes of their files.
    pub bytes: u64,
}

/// Path of a picture in the API.
#[must_use]
pub fn avatar_path(id: &RecordId, name: &AvatarName) -> String {
    format!("{AVATAR_FOLDER}{id}/{name}")
}

/// Name of the own picture to which a user's `users_picture` leads: by an address with its path, behind whatever host and base
/// path, or by the mere name, as a file field of PocketBase has it.
#[must_use]
pub fn own_picture_name(picture: &str, id: &RecordId) -> Option<AvatarName> {
    let address = picture.split(['?', '#']).next().unwrap_or_default();
    let Some((_, behind)) = address.split_once(FILES_FOLDER) else {
        return AvatarName::parse(picture);
    };
    // PocketBase's clients name the collection by its id.
    let (_, behind) = behind.split_once('/')?;
    let (owner, name) = behind.split_once('/')?;
    (owner == id.as_str()).then(|| AvatarName::parse(name))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_file_s_and_no_path() {
        for name in ["a", "avatar_4k2j9x0a1b.png", "My-Photo.JPG"] {
            assert!(AvatarName::parse(name).is_some(), "{name}");
        }
        let long = "a".repeat(161);
        for name in ["", ".", ".png", "a/b", "a b", "a\\b", "头像.png", &long] {
            assert!(AvatarName::parse(name).is_none(), "{name}");
        }
    }

    #[test]
    fn the_own_picture_is_known_behind_any_host() {
        let id = RecordId::parse("qs1c5qev8o3hjvu").unwrap();
        let name = AvatarName::parse("a_1.png").unwrap();
        let path = avatar_path(&id, &name);
        assert_eq!(path, "/api/files/tbl_auth_users/qs1c5qev8o3hjvu/a_1.png");
        for picture in [
            path.clone(),
            format!("https://api.example.com{path}"),
            format!("http://127.0.0.1:8090/pb{path}?thumb=100x100"),
            path.replace("tbl_auth_users", "pbc_421601843"),
            "a_1.png".to_owned(),
        ] {
            assert_eq!(
                own_picture_name(&picture, &id),
                Some(name.clone()),
                "{picture}"
            );
        }
        for picture in [
            "",
            "https://thirdwx.qlogo.cn/mmopen/vi_32/x/132",
            "/api/files/tbl_auth_users/aaaaaaaaaaaaaaa/a_1.png",
            "/api/files/tbl_auth_users/qs1c5qev8o3hjvu",
            "/api/files/tbl_auth_users/qs1c5qev8o3hjvu/a/b",
        ] {
            assert_eq!(own_picture_name(picture, &id), None, "{picture}");
        }
    }
}
