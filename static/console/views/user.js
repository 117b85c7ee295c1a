// One user: every field, the company, recent events; edit, disable, set password, end sessions, delete.

import * as api from "../api.js";
import { ask } from "../dialog.js";
import { busy, button, card, el, link, say, title } from "../dom.js";
import { ACTIVE, DISABLED, editable, label } from "../fields.js";
import { labelled, recordForm, save, sending, showProblems } from "../form.js";
import { leave, leaveOnlyIf } from "../router.js";
import { table } from "../table.js";
import { text, time } from "../texts.js";
import { statusBadge } from "./users.js";

const EVENTS = 20;

function nameOf(user) {
  return user.users_name || user.users_phone || user.id;
}

function facts(user) {
  const company = user.expand?.company_id;
  const rows = [
    ["id", user.id],
    ["users_id", user.users_id],
    ["openid", user.openid],
    ["email", user.email],
    ["company", company ? link(company.company_name || company.company_id, `#/companies/${company.id}`) : user.company_id],
    ["created", time(user.created)],
    ["updated", time(user.updated)],
  ];
  return el("dl", { class: "facts" }, rows.map(([name, value]) => el("div", {}, el("dt", {}, label(name)), el("dd", {}, value || "—"))));
}

/** Buttons of what is done at once, and told. */
function operations(user, path, onchange) {
  const run = async (event, work, done) => {
    try {
      await busy(event.currentTarget, work);
      say(done);
    } catch (error) {
      say(error.message);
    }
  };
  const badge = el("span", {}, statusBadge(user.users_status));
  const toggle = button("", (event) => run(event, setStatus, user.users_status === ACTIVE ? text.user.isDisabled : text.user.isEnabled));
  const showStatus = () => {
    badge.replaceChildren(statusBadge(user.users_status));
    toggle.textContent = user.users_status === ACTIVE ? text.user.disable : text.user.enable;
  };
  async function setStatus() {
    const wanted = user.users_status === ACTIVE ? DISABLED : ACTIVE;
    user.users_status = (await api.patch(path, { users_status: wanted })).users_status;
    showStatus();
    onchange(user.users_status);
  }
  const endSessions = async (event) => {
    const pressed = event.currentTarget;
    if (!(await ask(text.user.endSessionsQuestion(nameOf(user)), text.user.endSessions))) return;
    await run({ currentTarget: pressed }, () => api.patch(path, { "tokenKey:autogenerate": "" }), text.user.sessionsEnded);
  };
  const remove = async (event) => {
    const pressed = event.currentTarget;
    if (!(await ask(text.user.removeQuestion(nameOf(user)), text.remove, { isDestructive: true }))) return;
    const gone = async () => {
      await api.remove(path);
      leave("#/users");
    };
    await run({ currentTarget: pressed }, gone, text.removed(nameOf(user)));
  };
  showStatus();
  const buttons = [toggle, button(text.user.endSessions, endSessions), button(text.remove, remove, { class: "danger" })];
  return { badge, element: el("div", { class: "actions" }, buttons) };
}

function editor(user, path, fields, companies) {
  const form = recordForm(fields, user);
  const known = el("datalist", { id: "companies" }, companies.map((it) => el("option", { value: it.company_id }, it.company_name)));
  form.input("company_id")?.setAttribute("list", "companies");
  const work = async () => {
    await save(form, (changes) => api.patch(path, changes));
    say(text.saved);
    leave(`#/users/${user.id}`);
  };
  return { ...form, element: card(text.edit, sending({ rows: el("div", { class: "fields" }, form.elements), words: text.save, work }), known) };
}

function passwordCard(path) {
  const input = () => el("input", { type: "password", autocomplete: "new-password" });
  const rows = [["password", labelled(text.user.newPassword, input(), { hint: text.user.passwordHint })], ["passwordConfirm", labelled(text.user.passwordAgain, input())]];
  const work = async () => {
    const body = Object.fromEntries(rows.map(([name, { input: typed }]) => [name, typed.value]));
    try {
      await api.patch(path, body);
    } catch (error) {
      showProblems(rows, error.fields ?? {});
      throw error;
    }
    showProblems(rows, {});
    rows.forEach(([, { input: typed }]) => (typed.value = ""));
    say(text.user.passwordSet);
  };
  const isChanged = () => rows.some(([, { input: typed }]) => typed.value !== "");
  const form = sending({ rows: el("div", { class: "fields" }, rows.map(([, { element }]) => element)), words: text.user.setPassword, work });
  return { element: card(text.user.setPassword, form), isChanged };
}

function eventsCard(events) {
  const columns = [
    { label: text.events.at, cell: (event) => time(event.at) },
    { label: text.events.kind, cell: (event) => text.events.kinds[event.kind] ?? event.kind },
    { label: text.events.by, cell: (event) => text.events.actors[event.actor] ?? event.actor },
    { label: text.events.source, wide: true, cell: (event) => event.source },
    { label: text.events.detail, wide: true, cell: (event) => [event.cause, event.detail].filter(Boolean).join(" · ") },
  ];
  const shown = events.length > 0 ? table({ caption: text.events.title, columns, items: events, sort: "", onsort: () => {} }) : el("p", { class: "hint" }, text.none);
  return card(text.events.title, shown);
}

export async function user({ parts: [id], signal }) {
  const path = `api/${api.USERS}/records/${encodeURIComponent(id)}`;
  const [found, collection, companies, events] = await Promise.all([
    api.get(path, { expand: "company_id" }, signal),
    api.get(`api/${api.USERS}`, {}, signal),
    api.get(`api/${api.COMPANIES}/records`, { sort: "company_name", perPage: 200, skipTotal: 1, fields: "company_id,company_name" }, signal),
    api.get("api/events", { user: id, limit: EVENTS }, signal),
  ]);
  const edit = editor(found, path, editable(collection), companies.items);
  const password = passwordCard(path);
  const { badge, element } = operations(found, path, (status) => edit.set("users_status", status));
  leaveOnlyIf(() => Object.keys(edit.changes()).length > 0 || password.isChanged());
  return el(
    "div",
    {},
    link(text.users.back, "#/users", { class: "back" }),
    el("div", { class: "heading" }, title(nameOf(found)), badge),
    card(text.user.facts, facts(found), element),
    edit.element,
    password.element,
    eventsCard(events.items),
  );
}
