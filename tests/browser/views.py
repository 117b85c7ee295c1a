"""Milliseconds from a press until each view of the console shows its first rows, at a running server, as a table for docs/console.md.

views.py BAI_URL EMAIL PASSWORD PART

PART is typed into the users' search box: the part of a name that some have, and no phone, id or address begins with. Medians of five.
"""

import statistics
import sys

from tasks import Bai, Browser, send

ROUNDS = 5
FIRST_ROWS = {
    "Overview": ".figures",
    "Users": "tbody tr",
    "Companies": "tbody tr, .hint, .empty",
    "Events": "tbody tr",
    "Rules": "textarea, select",
    "Superusers": "tbody tr",
    "Backups": "tbody tr",
    "Keys": "tbody tr",
    "Settings": ".setting",
}

# Does something in the page, and waits there until it shows what was asked for.
WATCH = """const [act, heading, rows, done] = arguments;
const begun = performance.now();
new Function(act)();
const isShown = () => {
  const main = document.querySelector("main:not([aria-busy])");
  return main?.querySelector("h1")?.textContent.startsWith(heading) && main.querySelector(rows);
};
const look = () => (isShown() ? done(performance.now() - begun) : setTimeout(look, 2));
look();"""


def watch(browser, act, heading, rows):
    body = {"script": WATCH, "args": [act, heading, rows]}
    return send("POST", f"{browser.session}/execute/async", body)["value"]


def press(words):
    return f"[...document.querySelectorAll('nav a')].find((it) => it.textContent.trim() === {words!r}).click()"


def search(part):
    return f"const it = document.querySelector('main input[type=search]'); it.value = {part!r}; it.dispatchEvent(new Event('input', {{ bubbles: true }}))"


def median(times):
    return f"{statistics.median(times):,.0f}"


def main(base, email, password, part):
    browser = Browser()
    try:
        bai = Bai(browser, base, email, password)
        send("POST", f"{browser.session}/timeouts", {"script": 60_000})
        bai.sign_in()
        print("| view | ms |\n|---|---|")
        times = {name: [] for name in FIRST_ROWS}
        for _ in range(ROUNDS):
            for name, rows in FIRST_ROWS.items():
                times[name].append(watch(browser, press(name), name, rows))
        for name, measured in times.items():
            print(f"| {name} | {median(measured)} |")
        found = []
        for n in range(ROUNDS):
            watch(browser, press("Overview"), "Overview", ".figures")
            watch(browser, press("Users"), "Users", "tbody tr")
            marked = "document.querySelectorAll('tbody').forEach((it) => it.setAttribute('data-old', ''));"
            found.append(watch(browser, marked + search(part), "Users", "tbody:not([data-old]) tr"))
        print(f"| part of a name | {median(found)} |")
        opened = []
        for _ in range(ROUNDS):
            watch(browser, press("Users"), "Users", "tbody tr")
            opened.append(watch(browser, "document.querySelector('tbody tr a').click()", "", "input[type=password]"))
        print(f"| a user | {median(opened)} |")
    finally:
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
