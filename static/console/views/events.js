// Events: who did what, when and from where; found by user, kind, actor and time. New ones come by themselves.

import * as api from "../api.js";
import { busy, button, el, problem, title } from "../dom.js";
import { ABOUT, BY, DETAIL, FROM, WHAT, WHEN } from "../event_columns.js";
import { labelled } from "../form.js";
import { note } from "../router.js";
import { row, table } from "../table.js";
import { text } from "../texts.js";
import { userPicker } from "../user_picker.js";

const COLUMNS = [WHEN, WHAT, BY, ABOUT, FROM, DETAIL];
const PER_PAGE = 50;
/** Between two looks for new events; at least so many times as long as the look takes. */
const LOOK_EVERY = 3000;
const REST = 10;

const GROUPS = [
  ["logins", ["login", "registration", "superuser-login"]],
  ["failures", ["login-failed", "superuser-login-failed", "phone-refused"]],
  ["changes", ["profile-change", "password-change", "token-revoke", "record-create", "record-update", "record-delete"]],
  ["administration", ["impersonation", "rule-change", "command", "set-up", "lost"]],
];
const ACTORS = ["user", "superuser", "operator", "nobody"];

function option(value, words, chosen) {
  return el("option", { value, selected: value === chosen }, words);
}

function kindChooser(chosen) {
  const group = ([name, kinds]) => {
    const all = option(kinds.join(","), text.events.allOf(text.events.groups[name]), chosen);
    return el("optgroup", { label: text.events.groups[name] }, all, kinds.map((kind) => option(kind, text.events.kinds[kind], chosen)));
  };
  return labelled(text.events.kind, el("select", {}, option("", text.users.any, chosen), GROUPS.map(group)));
}

function actorChooser(chosen) {
  const options = ACTORS.map((actor) => option(actor, text.events.actors[actor], chosen));
  return labelled(text.events.by, el("select", {}, option("", text.users.any, chosen), options));
}

/** A time as the input has it, of the reader's clock. */
function asLocal(iso) {
  const at = new Date(iso);
  if (!iso || Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function timeInput(words, iso) {
  const { element, input } = labelled(words, el("input", { type: "datetime-local", value: asLocal(iso) }));
  return { element, input, value: () => (input.value ? new Date(input.value).toISOString() : "") };
}

/** Later events first: time, and number of those of one time. */
function isNewer(one, other) {
  const [[at, number], [otherAt, otherNumber]] = [one, other].map((id) => id.split("-").map(Number));
  return at > otherAt || (at === otherAt && number > otherNumber);
}

/** A page of events. Where there are very many to look through, the server answers in parts. */
async function page(query, before, signal) {
  const items = [];
  let next = before;
  do {
    const found = await api.get("api/events", { ...query, before: next, limit: PER_PAGE - items.length }, signal);
    items.push(...found.items);
    next = found.next;
  } while (next !== "" && items.length < PER_PAGE);
  return { items, next };
}

/** The rows of a table of events, and which of them are there. */
function rowsOf(body) {
  const known = new Map();
  const made = (event, isNew) => {
    const element = row(COLUMNS, event);
    if (isNew) element.classList.add("arrived");
    known.set(event.id, { element, said: JSON.stringify(event) });
    return element;
  };
  return {
    size: () => known.size,
    newest: () => [...known.keys()].reduce((newest, id) => (newest && isNewer(newest, id) ? newest : id), ""),
    append: (events) => body.append(...events.filter(({ id }) => !known.has(id)).map((event) => made(event, false))),
    /** Puts new ones on top, and shows those anew that happened once more. */
    refresh(events) {
      const fresh = events.filter(({ id }) => !known.has(id));
      const changed = events.filter((event) => known.has(event.id) && known.get(event.id).said !== JSON.stringify(event));
      for (const event of changed) known.get(event.id).element.replaceWith(made(event, true));
      body.prepend(...fresh.map((event) => made(event, true)));
    },
  };
}

/** The list of events that `ask()` wants; what is loaded stays while new ones come. */
function eventList(ask, signal) {
  const state = el("p", { class: "count", role: "status" });
  const shown = el("div", {});
  const older = button(text.events.older, ({ currentTarget }) => busy(currentTarget, showOlder), { hidden: true });
  const element = el("div", { class: "list events" }, state, shown, el("div", { class: "pager" }, older));
  let running = new AbortController();
  let rows;
  let next = "";
  let pause;

  function say(words) {
    if (state.textContent !== words) state.textContent = words;
  }

  function showTable(items) {
    const found = table({ caption: text.events.title, columns: COLUMNS, items: [], sort: "", onsort: () => {} });
    rows = rowsOf(found.querySelector("tbody"));
    rows.append(items);
    shown.replaceChildren(found, items.length > 0 ? "" : el("p", { class: "hint" }, text.events.none));
  }

  function showOlderButton() {
    older.hidden = next === "";
  }

  async function load() {
    stop();
    running = new AbortController();
    const { signal: asked } = running;
    const query = ask();
    note(query);
    element.setAttribute("aria-busy", "true");
    try {
      const found = await page(query, "", asked);
      next = found.next;
      showTable(found.items);
      showOlderButton();
      watch();
    } catch (error) {
      if (asked.aborted) return;
      shown.replaceChildren(problem(error.message));
      older.hidden = true;
      say("");
    }
    element.removeAttribute("aria-busy");
  }

  async function showOlder() {
    const { signal: asked } = running;
    try {
      const found = await page(ask(), next, asked);
      if (asked.aborted) return;
      rows.append(found.items);
      next = found.next;
      showOlderButton();
    } catch (error) {
      if (!asked.aborted) say(error.message);
    }
  }

  /** New events can only come while the end of the time is open. */
  function watch(after = LOOK_EVERY) {
    clearTimeout(pause);
    const isOpen = ask().until === "";
    say(isOpen ? text.events.live : "");
    if (isOpen && !signal.aborted) pause = setTimeout(look, after);
  }

  async function look() {
    if (document.hidden) return watch();
    const { signal: asked } = running;
    const begun = performance.now();
    try {
      await refresh(asked);
    } catch (error) {
      if (asked.aborted) return;
      say(error.message);
      pause = setTimeout(look, LOOK_EVERY);
      return;
    }
    if (!asked.aborted) watch(Math.max(LOOK_EVERY, (performance.now() - begun) * REST));
  }

  async function refresh(asked) {
    const newest = rows.newest();
    const query = ask();
    // A minute back: what happens again within it is counted at its first time.
    const since = newest === "" ? query.since : new Date(Number(newest.split("-")[0]) - 60_000).toISOString();
    const found = await api.get("api/events", { ...query, since: since > query.since ? since : query.since, limit: PER_PAGE }, asked);
    if (asked.aborted || found.items.length === 0) return;
    if (found.next !== "" || rows.size() === 0) return load();
    rows.refresh(found.items);
  }

  function stop() {
    clearTimeout(pause);
    running.abort();
  }

  signal.addEventListener("abort", stop);
  return { element, load };
}

export async function events({ query, signal }) {
  const kind = kindChooser(query.get("kind") ?? "");
  const actor = actorChooser(query.get("actor") ?? "");
  const since = timeInput(text.events.since, query.get("since"));
  const until = timeInput(text.events.until, query.get("until"));
  const user = userPicker({ words: text.events.search, value: query.get("user") ?? "", onchange: () => found.load(), signal });
  const ask = () => ({ user: user.value(), kind: kind.input.value, actor: actor.input.value, since: since.value(), until: until.value() });
  const found = eventList(ask, signal);
  for (const { input } of [kind, actor, since, until]) input.addEventListener("change", found.load);
  const controls = el(
    "form",
    { class: "controls events", role: "search", onsubmit: (event) => event.preventDefault() },
    user.element,
    [kind, actor, since, until].map(({ element }) => element),
  );
  await found.load();
  return el("div", {}, title(text.events.title), el("p", { class: "lead" }, text.events.lead), controls, user.chosen, found.element);
}
