//! The console in a browser, and what people do there: they find things by their labels and words.

use std::ops::Deref;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::canary::PASSWORD;
use crate::support::superuser::{EMAIL, Root};

const PATIENCE: Duration = Duration::from_mins(1);

/// Finds visible elements by what people read; prepended to each script.
const FINDERS: &str = "
    const seen = (it) => it.checkVisibility() && !it.closest('[hidden]');
    const words = (it) => it.textContent.trim();
    const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);
    const top = () => document.querySelector('dialog[open]') ?? document;
    const labelled = (label) => all('input, select, textarea').find((it) =>
      it.getAttribute('aria-label') === label || [...(it.labels ?? [])].some((l) => words(l) === label));
    const pressable = (label) => [...top().querySelectorAll('button, a')].filter(seen).find((it) => words(it) === label);
    const type = (it, value) => {
      const kind = { SELECT: HTMLSelectElement, TEXTAREA: HTMLTextAreaElement }[it.tagName] ?? HTMLInputElement;
      Object.getOwnPropertyDescriptor(kind.prototype, 'value').set.call(it, value);
      for (const event of ['input', 'change']) it.dispatchEvent(new Event(event, { bubbles: true }));
    };
";

/// Waits until it holds.
pub fn until(holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "it never held");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A server with a superuser, and a browser at its console.
pub struct Console {
    pub root: Root,
    page: Page,
}

/// A browser at a console.
pub struct Page {
    pub browser: Browser,
    base: String,
}

impl Deref for Console {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.page
    }
}

impl Console {
    /// A server as it ships, limits on, and the console's sign-in in English.
    pub fn at_the_door() -> Self {
        Self::of(TestApp::spawn_with(|config| config.limits.enabled = true))
    }

    /// The same at another server.
    pub fn of(app: TestApp) -> Self {
        let root = Root::of(app);
        let page = Page::at(&root.app.base);
        Self { root, page }
    }

    /// The same, signed in, at the overview.
    pub fn signed_in() -> Self {
        let console = Self::at_the_door();
        console.sign_in(PASSWORD);
        console.waits_for_heading("Overview");
        console
    }
}

impl Page {
    /// The console's sign-in in English.
    pub fn at(base: &str) -> Self {
        let browser = Browser::start();
        browser.go(&format!("{base}/_/?lang=en"));
        Self {
            browser,
            base: base.to_owned(),
        }
    }

    pub fn sign_in(&self, password: &str) {
        self.fill("E-mail", EMAIL);
        self.fill("Password", password);
        self.press("Sign in");
    }

    /// Runs JavaScript that may use the finders.
    pub fn run(&self, script: &str, args: &Value) -> Value {
        self.browser.run(&format!("{FINDERS}{script}"), args)
    }

    /// Runs JavaScript that may use the finders until it returns something.
    pub fn wait(&self, script: &str, args: &Value) -> Value {
        self.browser.wait(&format!("{FINDERS}{script}"), args)
    }

    /// Types into what has this label; chooses, if it is a select.
    pub fn fill(&self, label: &str, value: &str) {
        self.wait(
            "const it = labelled(arguments[0]); if (!it) return false; type(it, arguments[1]); return true;",
            &json!([label, value]),
        );
    }

    pub fn value(&self, label: &str) -> Value {
        self.wait(
            "const it = labelled(arguments[0]); return it && { value: it.value };",
            &json!([label]),
        )["value"]
            .clone()
    }

    /// Presses the button, or follows the link, with these words.
    pub fn press(&self, label: &str) {
        self.wait(
            "const it = pressable(arguments[0]); if (!it || it.disabled) return false; it.click(); return true;",
            &json!([label]),
        );
    }

    /// Goes to a view by its address.
    pub fn open(&self, hash: &str) {
        self.run("location.hash = arguments[0]", &json!([hash]));
    }

    pub fn waits_for_heading(&self, heading: &str) {
        self.wait(
            "return all('main:not([aria-busy]) h1').some((it) => words(it) === arguments[0])",
            &json!([heading]),
        );
    }

    /// Waits until the page shows these words.
    pub fn waits_for(&self, text: &str) {
        self.wait(
            "return document.body.innerText.includes(arguments[0])",
            &json!([text]),
        );
    }

    /// Waits until the list has so many rows.
    pub fn waits_for_rows(&self, count: usize) {
        self.wait(
            "return all('.list:not([aria-busy]) tbody tr').length === arguments[0]",
            &json!([count]),
        );
    }

    /// What was said last of what was done.
    pub fn waits_to_be_told(&self, text: &str) {
        self.wait(
            "return words(document.getElementById('said')) === arguments[0]",
            &json!([text]),
        );
    }

    /// Holds that nothing went wrong on the page but what it was answered with these statuses.
    pub fn assert_clean(&self, statuses: &[&str]) {
        let expected: Vec<_> = statuses
            .iter()
            .map(|status| format!("status of {status}"))
            .collect();
        let expected: Vec<_> = expected.iter().map(String::as_str).collect();
        self.browser.assert_clean(&self.base, &expected);
    }
}
