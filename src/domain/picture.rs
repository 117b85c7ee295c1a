//! Addresses of pictures: whether others can open them.

use url::{ParseError, Url};

/// Schemes of addresses that others can open; `cloud` is WeChat's cloud storage.
const SCHEMES: [&str; 3] = ["https", "http", "cloud"];

/// Hosts by which WeChat names files of the phone or of its developer tools.
const LOCAL_HOSTS: [&str; 3] = ["tmp", "usr", "store"];

/// Folders of the same files on the loopback.
const LOCAL_FOLDERS: [&str; 3] = ["/__tmp__/", "/__usr__/", "/__store__/"];

/// Texts that JavaScript makes of what is no address.
const NO_ADDRESS: [&str; 6] = [
    "undefined",
    "null",
    "nan",
    "true",
    "false",
    "[object object]",
];

/// Whether others can open the picture: by a URL, or by a path on whatever server has it.
pub fn is_for_others(text: &str) -> bool {
    if NO_ADDRESS.contains(&text.to_lowercase().as_str()) {
        return false;
    }
    match Url::parse(text) {
        Ok(url) => is_public(&url),
        Err(error) => error == ParseError::RelativeUrlWithoutBase,
    }
}

fn is_public(url: &Url) -> bool {
    let is_local = url
        .host_str()
        .is_some_and(|host| LOCAL_HOSTS.contains(&host))
        || LOCAL_FOLDERS
            .iter()
            .any(|folder| url.path().starts_with(folder));
    SCHEMES.contains(&url.scheme()) && !is_local
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_for_others_or_a_file_of_the_phone() {
        for text in [
            "https://example.com/a.png",
            "HTTPS://EXAMPLE.COM/a.png",
            "http://localhost:9000/a.png",
            "http://minio/bucket/a.png",
            "https://thirdwx.qlogo.cn/mmopen/vi_32/x/132",
            "cloud://env.6578-env-125/avatar.png",
            "//cdn.example.com/a.png",
            "/uploads/a.png",
            "uploads/张 三.png",
            "a.png",
            "https://example.com/tmp/a.png",
        ] {
            assert!(is_for_others(text), "{text}");
        }
        for text in [
            "wxfile://tmp_1a2b.jpg",
            "WXFILE://tmp/a.jpg",
            "http://tmp/a.png",
            "http://tmp",
            "http://usr/a.png",
            "http://store/a.png",
            "https://tmp/a.png",
            "http://127.0.0.1:41234/__tmp__/a.jpg",
            "blob:https://example.com/1-2-3",
            "data:image/png;base64,AAAA",
            "javascript:alert(1)",
            "java\tscript:alert(1)",
            "\u{1}javascript:alert(1)",
            "vbscript:x",
            "file:///home/a.png",
            "content://media/1",
            "C:\\a.png",
            "ttfile://temp/a.png",
            "undefined",
            "Null",
            "NaN",
            "[object Object]",
            "https://",
            "http:///",
        ] {
            assert!(!is_for_others(text), "{text}");
        }
    }
}
