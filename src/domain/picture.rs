//! Addresses of pictures: whether others can open them.

use std::net::IpAddr;

use url::{Host, ParseError, Url};

use super::{AvatarName, RecordId};

/// Schemes of addresses that others can open; `cloud` is WeChat's cloud storage.
const SCHEMES: [&str; 3] = ["https", "http", "cloud"];

/// Hosts by which WeChat names files of the phone or of its developer tools.
const LOCAL_HOSTS: [&str; 3] = ["tmp", "usr", "store"];

/// Folders of the same files on the loopback.
const LOCAL_FOLDERS: [&str; 3] = ["/__tmp__/", "/__usr__/", "/__store__/"];

/// Texts that programs make of what is no address.
const NO_ADDRESS: [&str; 14] = [
    "undefined",
    "null",
    "(null)",
    "<null>",
    "nil",
    "<nil>",
    "none",
    "nan",
    "infinity",
    "true",
    "false",
    "0",
    "-1",
    "blob",
];

/// Those of them that no folder, file or host is named.
const NO_NAME: [&str; 2] = ["undefined", "null"];

/// Whether others can open the picture: by a URL, or by a path on whatever server has it.
pub fn is_for_others(text: &str) -> bool {
    let text = text.to_lowercase();
    if NO_ADDRESS.contains(&text.as_str()) || has_no_name(&text) || has_no_host(&text) {
        return false;
    }
    match Url::parse(&text) {
        Ok(url) => is_public(&url),
        Err(ParseError::RelativeUrlWithoutBase) if text.starts_with("//") => {
            Url::parse(&format!("https:{text}")).is_ok_and(|url| is_public(&url))
        }
        Err(error) => error == ParseError::RelativeUrlWithoutBase,
    }
}

/// Whether a host, a folder or the file is named by a value that was not there.
fn has_no_name(text: &str) -> bool {
    let address = text.split(['?', '#']).next().unwrap_or_default();
    address.split(['/', '\\', ':']).any(|name| {
        let stem = name.split('.').next().unwrap_or_default();
        NO_NAME.contains(&stem) || name.starts_with("[object")
    })
}

/// Whether a slash, or nothing, is where the host should be; some would take the folder behind it for the host.
fn has_no_host(text: &str) -> bool {
    let scheme = SCHEMES
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme)?.strip_prefix(':'));
    let has_host = |rest: &str| {
        rest.strip_prefix("//")
            .is_some_and(|host| !host.is_empty() && !host.starts_with(['/', '\\', '?', '#', ':']))
    };
    match scheme {
        Some(rest) => !has_host(rest),
        None => text.starts_with("//") && !has_host(text),
    }
}

fn is_public(url: &Url) -> bool {
    let is_local = url
        .host_str()
        .is_some_and(|host| LOCAL_HOSTS.contains(&host))
        || LOCAL_FOLDERS
            .iter()
            .any(|folder| url.path().starts_with(folder));
    let is_reachable = !is_own_machine(url) || is_served_by_us(url.path());
    SCHEMES.contains(&url.scheme()) && !is_local && is_reachable
}

/// Whether the path is one of pictures that a server of ours has: one that is tried out names itself by its loopback address.
fn is_served_by_us(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let [name, id, collection, files, api] = [(); 5].map(|()| parts.next().unwrap_or_default());
    let is_named = AvatarName::parse(name).is_some() && RecordId::parse(id).is_some();
    is_named && !collection.is_empty() && (api, files) == ("api", "files")
}

/// Whether the host is whoever asks.
fn is_own_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => is_loopback(address.into()),
        Some(Host::Ipv6(address)) => is_loopback(address.into()),
        None => false,
    }
}

fn is_loopback(address: IpAddr) -> bool {
    let address = address.to_canonical();
    address.is_loopback() || address.is_unspecified()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_for_others_or_a_file_of_the_phone() {
        for text in [
            "https://example.com/a.png",
            "HTTPS://EXAMPLE.COM/a.png",
            "http://192.168.1.7:9000/a.png",
            "https://localhost.example.com/a.png",
            "https://example.com/a.png?from=undefined",
            "https://example.com/nan/none.png",
            "https://thirdwx.qlogo.cn/mmopen/vi_32/x/0",
            "http://[2001:db8::1]/a.png",
            "http://minio/bucket/a.png",
            "https://thirdwx.qlogo.cn/mmopen/vi_32/x/132",
            "cloud://env.6578-env-125/avatar.png",
            "//cdn.example.com/a.png",
            "/uploads/a.png",
            "uploads/张 三.png",
            "a.png",
            "https://example.com/tmp/a.png",
            "http://127.0.0.1:8090/api/files/tbl_auth_users/abcdefghijklmno/avatar_0123456789.png",
            "http://localhost/pb/api/files/pbc_421601843/abcdefghijklmno/A_b.webp?thumb=100x100",
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
            "https:///a.png",
            "https:/a.png",
            "https:a.png",
            "https://?a",
            "https://:80/a",
            "cloud:///a.png",
            "cloud:a.png",
            "///a.png",
            "//",
            "http://localhost/a.png",
            "http://LOCALHOST./a.png",
            "http://minio.localhost:9000/a.png",
            "http://127.0.0.1/a.png",
            "http://127.0.0.1/api/files/tbl_auth_users/abcdefghijklmno/",
            "http://127.0.0.1/api/files/tbl_auth_users/abc/a.png",
            "http://127.0.0.1/files/tbl_auth_users/abcdefghijklmno/a.png",
            "http://127.0.0.1/api/files//abcdefghijklmno/a.png",
            "http://127.1/a.png",
            "http://2130706433/a.png",
            "http://0.0.0.0/a.png",
            "http://[::1]/a.png",
            "http://[::ffff:127.0.0.1]/a.png",
            "//localhost/a.png",
            "//tmp/a.png",
            "none",
            "nil",
            "(null)",
            "0",
            "blob",
            "undefined/a.png",
            "/undefined",
            "uploads/undefined.png",
            "https://undefined",
            "http://undefined/a",
            "https://example.com/null",
            "http://null:80/a",
            "https://example.com/[object Object]",
        ] {
            assert!(!is_for_others(text), "{text}");
        }
    }
}
