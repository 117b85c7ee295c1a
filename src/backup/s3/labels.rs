//! Labels of an object (user metadata, in S3's words).

use ureq::http::HeaderMap;

/// The id of the database.
const DATABASE: &str = "x-amz-meta-bai-database";
/// Users.
const USERS: &str = "x-amz-meta-bai-users";

/// Of which database a backup was made, and how many users it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// The id of the database, as text; nothing at objects from before databases had ids.
    pub database: Option<String>,
    /// Users in it.
    pub users: Option<u64>,
}

impl Labels {
    /// Labels of an object of which nothing can be known: no database has this id.
    pub fn nobody() -> Self {
        Self {
            database: Some(String::new()),
            users: None,
        }
    }

    /// Those in the headers of an answer.
    pub fn read(headers: &HeaderMap) -> Self {
        Self {
            database: text(headers, DATABASE).map(str::to_owned),
            users: text(headers, USERS).and_then(|users| users.parse().ok()),
        }
    }

    /// The headers of a request that begins an object.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let database = self.database.iter().map(|id| (DATABASE, id.clone()));
        database
            .chain(self.users.iter().map(|users| (USERS, users.to_string())))
            .collect()
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    Some(headers.get(name)?.to_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_read_again_and_what_was_not_is_not_known() {
        let labels = Labels {
            database: Some("00ff".into()),
            users: Some(7),
        };
        let mut headers = HeaderMap::new();
        assert_eq!(
            Labels::read(&headers),
            Labels {
                database: None,
                users: None
            }
        );
        for (name, value) in labels.headers() {
            headers.insert(name, value.parse().unwrap());
        }
        assert_eq!(Labels::read(&headers), labels);
        headers.insert(USERS, "many".parse().unwrap());
        assert_eq!(
            Labels::read(&headers),
            Labels {
                users: None,
                ..labels
            }
        );
    }
}
