"""Tasks of an operator, done in the same Chromium at PocketBase's `/_/` and at bai's: clicks and seconds, as a table for docs/console.md.

tasks.py POCKETBASE_URL BAI_URL EMAIL PASSWORD

Both servers have that superuser. Each task begins at the first page after signing in, and ends when its effect is visible; the
seconds are those of the machine, as the script neither reads nor thinks. A press into a field is a click; keys are not counted.
"""

import json
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

PATIENCE = 20
ENTER = "\ue007"
CONTROL = "\ue009"
PHONE = "13800000012"
PART = "0000012"
NEW_SUPERUSER = "second@example.com"
OTHER_PASSWORD = "another password 7"


def send(method, url, body=None, token=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = token
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return json.load(opener.open(request, timeout=60) or "null")


class Browser:
    """Chromium over WebDriver, which presses where a person would."""

    def __init__(self):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        line = next(line for line in self.driver.stdout if "successfully on port" in line)
        base = f"http://127.0.0.1:{line.split('on port ')[1].strip().rstrip('.')}/session"
        arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,900", "--lang=en-US"]
        options = {"browserName": "chrome", "goog:chromeOptions": {"args": arguments}}
        created = send("POST", base, {"capabilities": {"alwaysMatch": options}})
        self.session = f"{base}/{created['value']['sessionId']}"
        self.clicks = 0

    def close(self):
        send("DELETE", self.session)
        self.driver.kill()

    def go(self, url):
        send("POST", f"{self.session}/url", {"url": "about:blank"})
        send("POST", f"{self.session}/url", {"url": url})

    def run(self, script, *arguments):
        body = {"script": script, "args": arguments}
        return send("POST", f"{self.session}/execute/sync", body)["value"]

    def wait(self, script, *arguments):
        begun = time.monotonic()
        while True:
            found = self.run(script, *arguments)
            if found:
                return found
            assert time.monotonic() - begun < PATIENCE, script
            time.sleep(0.02)

    def act(self, actions):
        send("POST", f"{self.session}/actions", {"actions": actions})

    def click(self, finder):
        """Presses what `finder` finds, once it is there, can be pressed and stands still."""
        where = self.wait(
            f"""const it = {finder};
            if (!it || !it.checkVisibility() || it.disabled) return null;
            it.scrollIntoView({{ block: 'center', behavior: 'instant' }});
            const {{ x, y, width, height }} = it.getBoundingClientRect();
            const at = [Math.round(x + Math.min(width / 2, innerWidth - x - 5)), Math.round(y + height / 2)];
            const before = window.lastPlace;
            window.lastPlace = String(at);
            const hit = document.elementFromPoint(...at);
            return before === String(at) && hit && (it.contains(hit) || hit.contains(it)) ? at : null;"""
        )
        moves = [{"type": "pointerMove", "x": where[0], "y": where[1]}, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        self.act([{"type": "pointer", "id": "mouse", "actions": moves}])
        self.clicks += 1

    def choose_file(self, selector, content):
        """Chooses a file with this content in the dialog of the system, which is one click."""
        found = self.wait("return document.querySelector(arguments[0])", selector)
        element = next(iter(found.values()))
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
            file.write(content)
            file.flush()
            send("POST", f"{self.session}/element/{element}/value", {"text": file.name})
            self.clicks += 1
            self.wait("return [...document.querySelectorAll('main button')].some((it) => it.textContent.startsWith('Import'))")

    def keys(self, text):
        strokes = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        self.act([{"type": "key", "id": "keyboard", "actions": strokes}])

    def write_over(self, text):
        held = [{"type": "keyDown", "value": CONTROL}, {"type": "keyDown", "value": "a"}, {"type": "keyUp", "value": "a"}, {"type": "keyUp", "value": CONTROL}]
        self.act([{"type": "key", "id": "keyboard", "actions": held}])
        self.keys(text)


def by_words(selector, words):
    return f"[...document.querySelectorAll({json.dumps(selector)})].find((it) => it.checkVisibility() && it.textContent.trim().startsWith({json.dumps(words)}))"


def by_label(label):
    return f"[...document.querySelectorAll('input')].find((it) => it.checkVisibility() && (it.getAttribute('aria-label') === {json.dumps(label)} || [...(it.labels ?? [])].some((l) => l.textContent.trim() === {json.dumps(label)})))"


class Server:
    """One of the two, as a superuser sees it by its API."""

    def __init__(self, browser, base, email, password):
        self.browser, self.base, self.email, self.password = browser, base.rstrip("/"), email, password
        path = "/api/collections/_superusers/auth-with-password"
        self.token = send("POST", self.base + path, {"identity": email, "password": password})["token"]

    def records(self):
        return f"{self.base}/api/collections/tbl_auth_users/records"

    def fill(self):
        for n in range(30):
            body = {
                "email": f"user{n}@example.com", "openid": f"o_{n}", "users_phone": f"138{n:08}", "users_name": f"Name {n}",
                "password": self.password, "passwordConfirm": self.password, "users_status": 1,
            }
            made = send("POST", self.records(), body, self.token)
            if made["users_phone"] == PHONE:
                self.user = made
        login = {"identity": "user12@example.com", "password": self.password}
        token = send("POST", f"{self.base}/api/collections/tbl_auth_users/auth-with-password", login)["token"]
        send("GET", f"{self.records()}/{self.user['id']}", None, token)

    def has_status(self, status):
        return send("GET", f"{self.records()}/{self.user['id']}", None, self.token)["users_status"] == status

    def backup(self):
        return send("GET", f"{self.base}/api/backups", None, self.token)[0]["key"]

    def wait_until_restored(self):
        """Waits until the user is as in the backup: able to log in."""
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE:
            try:
                if self.has_status(1):
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise AssertionError("it is not restored")

    def takes(self, password):
        login = {"identity": "user12@example.com", "password": password}
        try:
            return bool(send("POST", f"{self.base}/api/collections/tbl_auth_users/auth-with-password", login))
        except urllib.error.HTTPError:
            return False

    def at_the_first_page(self):
        self.browser.go(f"{self.base}/_/{self.QUERY}")
        self.browser.wait(self.FIRST)


class PocketBase(Server):
    QUERY = ""
    FIRST = "return document.querySelectorAll('tbody tr .copy-to-clipboard').length > 5"

    def sign_in(self):
        self.browser.go(f"{self.base}/_/")
        self.browser.click("document.querySelector('#login_identity')")
        self.browser.keys(self.email)
        self.browser.click("document.querySelector('#login_pass')")
        self.browser.keys(self.password + ENTER)
        self.browser.wait(self.FIRST)

    def find(self):
        self.browser.click("document.querySelector('.code-editor-content')")
        self.browser.keys(PART + ENTER)
        self.browser.wait("return document.querySelectorAll('tbody tr .copy-to-clipboard').length === 1")

    def open(self):
        self.find()
        self.browser.click("document.querySelector('tbody tr:has(.copy-to-clipboard) td:last-child')")
        self.browser.wait("return document.querySelector('.record-upsert-modal [name=users_status]')")

    def save(self):
        self.browser.click(by_words(".record-upsert-modal button", "Save changes"))
        self.browser.wait("return !document.querySelector('.record-upsert-modal')?.checkVisibility()")

    def disable(self):
        self.open()
        self.browser.click("document.querySelector('.record-upsert-modal [name=users_status]')")
        self.browser.write_over("0")
        self.save()
        assert self.has_status(0)

    def set_password(self):
        self.open()
        self.browser.click(by_words(".record-upsert-modal label", "change password"))
        self.browser.click("document.querySelector('.record-upsert-modal [name=password]')")
        self.browser.keys(OTHER_PASSWORD)
        self.browser.click("document.querySelector('.record-upsert-modal [name=passwordConfirm]')")
        self.browser.keys(OTHER_PASSWORD)
        self.save()
        assert self.takes(OTHER_PASSWORD)

    def see_what_a_user_did(self):
        """Requests whose path names the user: by default logs do not say who asked, so logins are not among them."""
        self.find()
        self.browser.click("document.querySelector('tbody tr .copy-to-clipboard')")
        self.browser.click(by_words("a.header-link", "Logs"))
        self.browser.click("document.querySelector('.code-editor-content')")
        self.browser.keys(self.user["id"] + ENTER)
        self.browser.wait(
            "return [...document.querySelectorAll('tbody tr')].some((it) => it.textContent.includes(`/records/${arguments[0]}`))",
            self.user["id"],
        )

    def make_a_backup(self):
        self.browser.click(by_words("a.header-link", "Settings"))
        self.browser.click(by_words("a", "Backups"))
        self.browser.click(by_words("button", "Initialize new backup"))
        self.browser.click(by_words("button", "Start backup"))
        self.browser.wait("return document.querySelector('button[aria-label=Restore]')")

    def restore_it(self):
        self.browser.click(by_words("a.header-link", "Settings"))
        self.browser.click(by_words("a", "Backups"))
        self.browser.click("document.querySelector('button[aria-label=Restore]')")
        self.browser.click("[...document.querySelectorAll('.modal input')].find((it) => it.checkVisibility())")
        self.browser.keys(self.backup())
        self.browser.click(by_words("button", "Restore backup"))
        self.wait_until_restored()

    def add_a_superuser(self):
        self.browser.click("document.querySelector('.logged-user')")
        self.browser.click(by_words("a", "Manage superusers"))
        self.browser.wait("return location.hash.includes('_superusers')")
        self.browser.click("document.querySelector('.new-record-btn')")
        for name, value in (("email", NEW_SUPERUSER), ("password", OTHER_PASSWORD), ("passwordConfirm", OTHER_PASSWORD)):
            self.browser.click(f"document.querySelector('.record-upsert-modal [name={name}]')")
            self.browser.keys(value)
        self.browser.click(by_words(".record-upsert-modal button", "Create"))
        self.browser.wait("return [...document.querySelectorAll('tbody tr')].some((it) => it.textContent.includes(arguments[0]))", NEW_SUPERUSER)

    # Its dashboard has none of these: it exports and imports collections, without their records.
    export_users = import_users = see_that_something_is_wrong = None


class Bai(Server):
    QUERY = "?lang=en"
    FIRST = "return document.querySelector('main:not([aria-busy]) .figures')"

    def sign_in(self):
        self.browser.go(f"{self.base}/_/{self.QUERY}")
        self.browser.click(by_label("E-mail"))
        self.browser.keys(self.email)
        self.browser.click(by_label("Password"))
        self.browser.keys(self.password + ENTER)
        self.browser.wait(self.FIRST)

    def find(self):
        self.browser.click(by_label("Find a user"))
        self.browser.keys(PART)
        self.browser.wait("return document.querySelectorAll('.offered button').length === 1")

    def open(self):
        self.find()
        self.browser.keys(ENTER)
        self.browser.wait("return [...document.querySelectorAll('h1')].some((it) => it.textContent === 'Name 12')")

    def disable(self):
        self.open()
        self.browser.click(by_words("main button", "Disable"))
        self.browser.wait("return document.querySelector('#said').textContent.includes('is disabled')")
        assert self.has_status(0)

    def set_password(self):
        self.open()
        self.browser.click(by_label("New password"))
        self.browser.keys(OTHER_PASSWORD)
        self.browser.click(by_label("New password again"))
        self.browser.keys(OTHER_PASSWORD + ENTER)
        self.browser.wait("return document.querySelector('#said').textContent.includes('password is set')")
        assert self.takes(OTHER_PASSWORD)

    def see_what_a_user_did(self):
        self.open()
        self.browser.wait("return [...document.querySelectorAll('main section tbody tr')].some((it) => it.textContent.includes('Login'))")

    def make_a_backup(self):
        self.browser.click(by_words("nav a", "Backups"))
        self.browser.click(by_words("main button", "Make a backup"))
        self.browser.wait("return [...document.querySelectorAll('main tbody button')].some((it) => it.textContent === 'Restore')")

    def restore_it(self):
        self.browser.click(by_words("nav a", "Backups"))
        self.browser.click(by_words("main tbody button", "Restore"))
        self.browser.wait("return document.querySelector('dialog[open] input') === document.activeElement")
        self.browser.keys(self.backup() + ENTER)
        self.wait_until_restored()

    def add_a_superuser(self):
        self.browser.click(by_words("nav a", "Superusers"))
        self.browser.click(by_words("main a", "New superuser"))
        for label, value in (("E-mail", NEW_SUPERUSER), ("New password", OTHER_PASSWORD), ("New password again", OTHER_PASSWORD + ENTER)):
            self.browser.click(by_label(label))
            self.browser.keys(value)
        self.browser.wait("return [...document.querySelectorAll('h1')].some((it) => it.textContent === arguments[0])", NEW_SUPERUSER)

    def export_users(self):
        self.browser.click(by_words("nav a", "Users"))
        self.browser.click(by_words("main button, main summary", "Export"))
        self.browser.click(by_words("main button", "CSV"))
        self.browser.wait("return document.querySelector('#said').textContent.includes('exported')")

    def import_users(self):
        self.browser.click(by_words("nav a", "Users"))
        self.browser.click(by_words("main a", "Import"))
        self.browser.choose_file("main input[type=file]", "users_phone,users_name\n13900000001,Imported\n")
        self.browser.click(by_words("main button", "Import 1"))
        self.browser.wait("return document.querySelector('main').textContent.includes('1 came')")

    def see_that_something_is_wrong(self):
        self.browser.wait("return document.querySelector('.state.bad') && document.body.innerText.includes('the disk is nearly full')")


TASKS = [
    ("find a user by part of a phone number", "find"),
    ("see what a user did", "see_what_a_user_did"),
    ("make a backup", "make_a_backup"),
    ("reset a password", "set_password"),
    ("disable a user", "disable"),
    ("restore the backup", "restore_it"),
    ("export users", "export_users"),
    ("import users", "import_users"),
    ("add an administrator", "add_a_superuser"),
    ("see that something is wrong", "see_that_something_is_wrong"),
]


def measured(server, task):
    work = getattr(server, task)
    if work is None:
        return "not there", ""
    server.browser.clicks = 0
    begun = time.monotonic()
    server.at_the_first_page()
    begun = time.monotonic() if task != "see_that_something_is_wrong" else begun
    work()
    return str(server.browser.clicks), f"{time.monotonic() - begun:.1f}"


def main():
    pocketbase, bai, email, password = sys.argv[1:]
    browser = Browser()
    try:
        servers = [kind(browser, base, email, password) for kind, base in ((PocketBase, pocketbase), (Bai, bai))]
        for server in servers:
            server.fill()
            server.sign_in()
        print("| task | PocketBase: clicks | seconds | bai: clicks | seconds |\n|---|---|---|---|---|")
        for words, task in TASKS:
            cells = [cell for server in servers for cell in measured(server, task)]
            print(f"| {words} | {' | '.join(cells)} |", flush=True)
    finally:
        browser.close()


if __name__ == "__main__":
    main()
