//! Texts that cannot be meant: what was copied with its quotes or a blank, or holds one where none can be.

use toml::{Table, Value};

/// Keys whose texts have no blank anywhere.
const WORDS: [&str; 8] = [
    "wechat.app_id",
    "wechat.secret",
    "metrics.token",
    "server.tls.acme_email",
    "backup.s3.access_key",
    "backup.s3.secret_key",
    "backup.s3.bucket",
    "backup.s3.region",
];
/// Quotes of keyboards and of word processors, and what nobody sees.
const AROUND: &str = "\"'`“”‘’\u{feff}\u{200b}";

/// The first text of `table` that cannot be meant, in words that name its key and not what it is, as it may be a secret.
pub fn wrong_text(table: &Table) -> Option<String> {
    table
        .iter()
        .find_map(|(key, value)| wrong_value(key, value))
}

fn wrong_value(key: &str, value: &Value) -> Option<String> {
    match value {
        Value::Table(table) => table
            .iter()
            .find_map(|(name, value)| wrong_value(&format!("{key}.{name}"), value)),
        Value::String(text) => {
            let problem = problem(key, text)?;
            let variable = key.to_uppercase().replace('.', "__");
            Some(format!(
                "{key} (or BAI_{variable} in the environment) {problem}"
            ))
        }
        _ => None,
    }
}

fn problem(key: &str, text: &str) -> Option<&'static str> {
    let is_around = |c: char| c.is_whitespace() || AROUND.contains(c);
    if text.starts_with(is_around) || text.ends_with(is_around) {
        return Some("begins or ends with a blank or a quote: write it without");
    }
    if text.contains(char::is_control) {
        return Some("has a line break or another control character in it: write it in one line");
    }
    let is_broken = WORDS.contains(&key) && text.contains(char::is_whitespace);
    is_broken.then_some("has a blank in it: write it without")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The problem of this configuration, if there is one.
    fn wrong(text: &str) -> Option<String> {
        wrong_text(&toml::from_str(text).unwrap())
    }

    #[test]
    fn quotes_and_blanks_around_a_text_are_told_by_its_key_alone() {
        for (text, key) in [
            ("[wechat]\nsecret = '\"0123abc\"'", "wechat.secret"),
            ("[wechat]\nsecret = ' 0123abc'", "wechat.secret"),
            ("[wechat]\nsecret = \"0123abc\\n\"", "wechat.secret"),
            ("[wechat]\nsecret = '01 23abc'", "wechat.secret"),
            ("[wechat]\napp_id = \"'wx0123abc'\"", "wechat.app_id"),
            ("[wechat]\napp_id = '“wx0123abc”'", "wechat.app_id"),
            ("[wechat]\napp_id = \"wx0123abc\u{3000}\"", "wechat.app_id"),
            ("[wechat]\napp_id = \"\u{feff}wx0123abc\"", "wechat.app_id"),
            ("[metrics]\ntoken = '0123abc 0123abc'", "metrics.token"),
            ("[store]\npath = '\"/var/lib/0123abc\"'", "store.path"),
            ("[backup]\ndir = '/var/lib/0123abc '", "backup.dir"),
            (
                "[backup.s3]\nsecret_key = '0123abc '",
                "backup.s3.secret_key",
            ),
            ("[backup.s3]\nbucket = '01 23abc'", "backup.s3.bucket"),
            (
                "[server.tls]\ncert = \"'/etc/0123abc.pem'\"",
                "server.tls.cert",
            ),
        ] {
            let problem = wrong(text).unwrap_or_else(|| panic!("nothing wrong with {text}"));
            assert!(problem.starts_with(&format!("{key} (or BAI_")), "{problem}");
            assert!(!problem.contains("23abc"), "{problem}");
        }
    }

    #[test]
    fn what_can_be_meant_is_taken() {
        for text in [
            "",
            "[wechat]\napp_id = 'wx0123456789abcdef'\nsecret = ''",
            "[store]\npath = '/srv/our data/bai.redb'",
            "[backup]\non_failure = ['mail', '-s', ' \"bai\" ']",
            "[log]\nlevel = 'info,bai=debug'",
        ] {
            assert_eq!(wrong(text), None, "{text}");
        }
        assert_eq!(wrong(super::super::SHIPPED), None);
    }
}
