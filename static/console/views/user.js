// One user: every field, the company, recent events; edit, disable, set password, end sessions, delete.

import * as api from "../api.js";
import { ask } from "../dialog.js";
import { busy, button, card, el, link, say, title } from "../dom.js";
import { BY, DETAIL, FROM, WHAT, WHEN } from "../event_columns.js";
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

/** Does `work` with the button disabled, and tells how it went. */
async function run(pressed, work, done) {
  try {
    await busy(pressed, work);
    say(done);
  } catch (error) {
    say(error.message);
  }
}

/** A button that asks before it does `work`. */
function askingButton(words, question, work, done, { isDestructive = false } = {}) {
  const onclick = async ({ currentTarget: pressed }) => {
    if (await ask(question, words, { isDestructive })) await run(pressed, work, done);
  };
  return button(words, onclick, { class: isDestructive ? "danger" : undefined });
}

/** The badge of the status, and the button that disables and enables. */
function statusSwitch(user, path, onchange) {
  const badge = el("span", {});
  const toggle = button("", ({ currentTarget }) => run(currentTarget, change, isActive() ? text.user.isDisabled : text.user.isEnabled));
  const isActive = () => user.users_status === ACTIVE;
  const show = () => {
    badge.replaceChildren(statusBadge(user.users_status));
    toggle.textContent = isActive() ? text.user.disable : text.user.enable;
  };
  const change = async () => {
    const saved = await api.patch(path, { users_status: isActive() ? DISABLED : ACTIVE });
    user.users_status = saved.users_status;
    show();
    onchange(user.users_status);
  };
  show();
  return { badge, toggle };
}

function sessionsButton(user, path) {
  const end = () => api.patch(path, { "tokenKey:autogenerate": "" });
  return askingButton(text.user.endSessions, text.user.endSessionsQuestion(nameOf(user)), end, text.user.sessionsEnded);
}

function removeButton(user, path) {
  const remove = async () => {
    await api.remove(path);
    leave("#/users");
  };
  return askingButton(text.remove, text.user.removeQuestion(nameOf(user)), remove, text.removed(nameOf(user)), { isDestructive: true });
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

function eventsCard(events, id) {
  const columns = [WHEN, WHAT, BY, FROM, DETAIL];
  const shown = events.length > 0 ? table({ caption: text.events.recent, columns, items: events, sort: "", onsort: () => {} }) : el("p", { class: "hint" }, text.none);
  return card(text.events.recent, shown, el("p", { class: "below" }, link(text.events.all, `#/events?user=${id}`)));
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
  const { badge, toggle } = statusSwitch(found, path, (status) => edit.set("users_status", status));
  leaveOnlyIf(() => Object.keys(edit.changes()).length > 0 || password.isChanged());
  return el(
    "div",
    {},
    link(text.users.back, "#/users", { class: "back" }),
    el("div", { class: "heading" }, title(nameOf(found)), badge),
    card(text.user.facts, facts(found), el("div", { class: "actions" }, toggle, sessionsButton(found, path), removeButton(found, path))),
    edit.element,
    password.element,
    eventsCard(events.items, found.id),
  );
}
