//! Avatars.

use serde::{Deserialize, Serialize};

use super::{decode, encode, time};
use crate::domain::{Avatar, AvatarName, ImageFormat};
use crate::store::Error;

const AVATAR_V1: u8 = 1;

/// A picture without its user, who is the key. Order of fields is the format.
#[derive(Serialize, Deserialize)]
struct StoredAvatar<'a> {
    name: &'a str,
    format: StoredFormat,
    uploaded_ms: i64,
    bytes: &'a [u8],
}

#[derive(Serialize, Deserialize)]
enum StoredFormat {
    Jpeg,
    Png,
    WebP,
}

impl StoredAvatar<'_> {
    fn into_avatar(self) -> Option<Avatar> {
        Some(Avatar {
            name: AvatarName::parse(self.name)?,
            format: match self.format {
                StoredFormat::Jpeg => ImageFormat::Jpeg,
                StoredFormat::Png => ImageFormat::Png,
                StoredFormat::WebP => ImageFormat::WebP,
            },
            uploaded: time(self.uploaded_ms)?,
            bytes: self.bytes.to_owned(),
        })
    }
}

/// The bytes of the picture of the user `id`.
pub fn encode_avatar(id: &str, avatar: &Avatar) -> Result<Vec<u8>, Error> {
    let stored = StoredAvatar {
        name: avatar.name.as_str(),
        format: match avatar.format {
            ImageFormat::Jpeg => StoredFormat::Jpeg,
            ImageFormat::Png => StoredFormat::Png,
            ImageFormat::WebP => StoredFormat::WebP,
        },
        uploaded_ms: avatar.uploaded.as_millisecond(),
        bytes: &avatar.bytes,
    };
    encode(id, AVATAR_V1, &stored)
}

/// The picture in `bytes`, stored under the user `id`.
pub fn decode_avatar(id: &str, bytes: &[u8]) -> Result<Avatar, Error> {
    let stored: Option<StoredAvatar<'_>> = decode(id, AVATAR_V1, bytes);
    let avatar = stored.and_then(StoredAvatar::into_avatar);
    avatar.ok_or_else(|| Error::Damaged(format!("the avatar of user {id}")))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    const GOLDEN: &[u8] = include_bytes!("../../../tests/fixtures/stored/avatar_v1.bin");

    #[test]
    fn version_1_of_an_avatar_is_read_as_it_was_written() {
        let avatar = Avatar {
            name: AvatarName::parse("avatar_4k2j9x0a1b.png").unwrap(),
            format: ImageFormat::Png,
            uploaded: Timestamp::from_millisecond(1_795_327_836_858).unwrap(),
            bytes: (0..=255).collect(),
        };
        assert_eq!(decode_avatar("qs1c5qev8o3hjvu", GOLDEN).unwrap(), avatar);
        assert_eq!(encode_avatar("qs1c5qev8o3hjvu", &avatar).unwrap(), GOLDEN);
        assert!(decode_avatar("qs1c5qev8o3hjvv", GOLDEN).is_err());
    }
}
