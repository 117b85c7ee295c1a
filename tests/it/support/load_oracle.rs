//! Clients that log in, complete profiles and register, and a record of what they were told (acknowledged, refused, or
//! nothing), with which the file is compared afterwards.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bai::domain::{IdType, OpenId, Phone, User, UserType};
use bai::store::Store;
use serde_json::{Value, json};

use crate::support::app::{Answer, Call, Lost, profile, registration};
use crate::support::canary::{self, PASSWORD};

/// The phone of a user who was there before; nobody else may have it.
const TAKEN: &str = "13500000000";

/// Profiles that a WeChat user sets one after the other: name and beginning of the phone.
const PROFILES: [(&str, &str); 2] = [("first", "139"), ("second", "137")];

pub struct LoadOracle {
    base: String,
    next: AtomicUsize,
    stop: AtomicBool,
    people: Mutex<BTreeMap<usize, Person>>,
    pub acknowledged: AtomicUsize,
    pub refused: AtomicUsize,
    pub unknown: AtomicUsize,
    pub half_answers: AtomicUsize,
}

/// Knowledge of the n-th person, who is a WeChat user and a platform user.
#[derive(Clone, Default)]
struct Person {
    wechat: Known,
    /// Names that the WeChat user may have: the acknowledged one, and those that were sent after it. Empty at first.
    names: Vec<&'static str>,
    platform: Known,
    /// The platform user's record, if its registration was acknowledged.
    record: Value,
}

/// The certainty that a user is there.
#[derive(Clone, Copy, Default, PartialEq)]
enum Known {
    #[default]
    No,
    Maybe,
    Yes,
}

/// The server is gone.
struct Gone;

impl LoadOracle {
    /// For a server at `base`; people are numbered from `first`.
    pub fn new(base: &str, first: usize) -> Self {
        Self {
            base: base.to_owned(),
            next: first.into(),
            stop: false.into(),
            people: Mutex::default(),
            acknowledged: 0.into(),
            refused: 0.into(),
            unknown: 0.into(),
            half_answers: 0.into(),
        }
    }

    /// Registers the user who was there before.
    pub fn prepare(base: &str) {
        let call =
            Call::new("POST", base, "/api/platform/register").json(&registration(TAKEN, PASSWORD));
        assert_eq!(call.send().status, 200);
    }

    /// One person after the other, until the server is gone or [`LoadOracle::stop`].
    pub fn work(&self) {
        while !self.stop.load(Ordering::SeqCst) {
            let n = self.next.fetch_add(1, Ordering::SeqCst);
            if self.live(n).is_err() {
                return;
            }
        }
    }

    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// The number of the first person that has not appeared.
    pub fn end(&self) -> usize {
        self.next.load(Ordering::SeqCst)
    }

    fn live(&self, n: usize) -> Result<(), Gone> {
        let mut nameless = registration(&phone("136", n), PASSWORD);
        nameless["users_name"] = "".into();
        self.told_no("/api/platform/register", "", &nameless)?;

        self.note(n, |person| {
            (person.wechat, person.names) = (Known::Maybe, vec![""]);
        });
        let login = self.told_yes("/api/wechat/login", "", &code(n))?;
        self.note(n, |person| person.wechat = Known::Yes);
        let token = login["token"].as_str().unwrap();
        for (name, beginning) in PROFILES {
            self.note(n, |person| person.names.push(name));
            self.told_yes(
                "/api/wechat/profile",
                token,
                &with_name(name, &phone(beginning, n)),
            )?;
            self.note(n, |person| person.names = vec![name]);
        }
        self.told_no("/api/wechat/profile", token, &with_name("refused", TAKEN))?;

        let body = registration(&phone("138", n), PASSWORD);
        self.note(n, |person| person.platform = Known::Maybe);
        let registered = self.told_yes("/api/platform/register", "", &body)?;
        self.note(n, |person| {
            (person.platform, person.record) = (Known::Yes, registered["record"].clone());
        });
        self.told_no("/api/platform/register", "", &body)
    }

    /// Written before the request goes out, and again when it is answered.
    fn note(&self, n: usize, change: impl FnOnce(&mut Person)) {
        change(self.people.lock().unwrap().entry(n).or_default());
    }

    fn told_yes(&self, path: &str, token: &str, body: &Value) -> Result<Value, Gone> {
        let answer = self.ask(path, token, body)?;
        self.acknowledged.fetch_add(1, Ordering::SeqCst);
        Ok(answer.ok())
    }

    fn told_no(&self, path: &str, token: &str, body: &Value) -> Result<(), Gone> {
        let answer = self.ask(path, token, body)?;
        self.refused.fetch_add(1, Ordering::SeqCst);
        answer.assert_error(400, "");
        Ok(())
    }

    fn ask(&self, path: &str, token: &str, body: &Value) -> Result<Answer, Gone> {
        let call = Call::new("POST", &self.base, path).json(body).bearer(token);
        call.try_send().map_err(|lost| {
            self.unknown.fetch_add(1, Ordering::SeqCst);
            self.half_answers
                .fetch_add(usize::from(lost == Lost::Half), Ordering::SeqCst);
            Gone
        })
    }

    /// Everybody acknowledged is in the file, whole and found by both indexes; who is unknown is so, too, or not there at
    /// all; and nobody refused is. How many users there are.
    pub async fn verify(&self, store: &Store) -> u64 {
        let people = self.people.lock().unwrap().clone();
        let mut found = 0;
        for (n, person) in people {
            let openid = OpenId::parse(&format!("o_u{n}")).unwrap();
            let wechat = store.user_by_openid(&openid).await.unwrap();
            assert_known(n, person.wechat, wechat.as_ref());
            if let Some(user) = &wechat {
                assert_whole(user, IdType::WeChat, &person.names, n);
            }
            for (_, beginning) in PROFILES {
                let has_it = wechat
                    .as_ref()
                    .filter(|user| user.phone == Some(parsed(beginning, n)));
                assert_eq!(
                    by_phone(store, beginning, n).await.as_ref(),
                    has_it,
                    "{beginning} of {n}"
                );
            }
            let platform = by_phone(store, "138", n).await;
            assert_known(n, person.platform, platform.as_ref());
            if let Some(user) = &platform {
                assert_whole(user, IdType::ManagePlatform, &["张三"], n);
                assert!(user.password_hash.is_some());
                assert_eq!(
                    store.user_by_openid(&user.openid).await.unwrap().as_ref(),
                    Some(user)
                );
            }
            assert_eq!(by_phone(store, "136", n).await, None, "{n} was refused");
            for user in wechat.iter().chain(&platform) {
                assert_eq!(
                    store.user_by_id(&user.id).await.unwrap().as_ref(),
                    Some(user)
                );
                found += 1;
            }
        }
        found
    }

    /// Everybody acknowledged logs in, and is as they were told.
    pub fn verify_logins(&self, base: &str) {
        let post = |path, body: &Value| Call::new("POST", base, path).json(body).send().ok();
        for (n, person) in &*self.people.lock().unwrap() {
            if person.wechat == Known::Yes {
                let login = post("/api/wechat/login", &code(*n));
                assert_eq!(
                    login["meta"]["data"]["status"], "login_success",
                    "{n} is lost"
                );
                let name = login["record"]["users_name"].as_str().unwrap();
                assert!(
                    person.names.contains(&name),
                    "{n} is {name:?}, not {:?}",
                    person.names
                );
            }
            if person.platform == Known::Yes {
                let credentials = json!({ "users_phone": phone("138", *n), "password": PASSWORD });
                assert_eq!(
                    post("/api/platform/login", &credentials)["record"],
                    person.record
                );
            }
        }
    }
}

fn code(n: usize) -> Value {
    json!({ "users_wx_code": canary::code(&format!("u{n}")) })
}

fn phone(beginning: &str, n: usize) -> String {
    format!("{beginning}{n:08}")
}

fn parsed(beginning: &str, n: usize) -> Phone {
    Phone::parse(&phone(beginning, n)).unwrap()
}

async fn by_phone(store: &Store, beginning: &str, n: usize) -> Option<User> {
    store.user_by_phone(&parsed(beginning, n)).await.unwrap()
}

fn with_name(name: &str, phone_code: &str) -> Value {
    let mut body = profile(phone_code);
    body["users_name"] = name.into();
    body
}

fn assert_known(n: impl Debug, known: Known, user: Option<&User>) {
    match known {
        Known::Yes => assert!(user.is_some(), "{n:?} was acknowledged and is lost"),
        Known::Maybe => {}
        Known::No => assert!(user.is_none(), "{n:?} was never asked for"),
    }
}

/// A name comes with everything that was sent with it.
fn assert_whole(user: &User, id_type: IdType, names: &[&str], n: usize) {
    assert!(
        names.contains(&user.name.as_str()),
        "{n}: {:?} is not one of {names:?}",
        user.name
    );
    assert_eq!(user.id_type, id_type);
    let complete = !user.name.is_empty();
    assert_eq!(user.user_type == UserType::Registered, complete, "{n}");
    assert_eq!(!user.picture.is_empty(), complete, "{n}");
    let beginning = match user.name.as_str() {
        "" => None,
        "张三" => Some("138"),
        name => PROFILES
            .iter()
            .find(|(of, _)| *of == name)
            .map(|(_, beginning)| *beginning),
    };
    assert_eq!(
        user.phone,
        beginning.map(|beginning| parsed(beginning, n)),
        "{n}"
    );
}
