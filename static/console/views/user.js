// One user: every field, the company, recent events; edit, disable, set password, end sessions, delete.

import { askingButton, passwordCard, run } from "../actions.js";
import * as api from "../api.js";
import { statusBadge } from "../columns.js";
import { button, card, el, link, say, title } from "../dom.js";
import { BY, DETAIL, FROM, WHAT, WHEN } from "../event_columns.js";
import { ACTIVE, DISABLED, editable, label } from "../fields.js";
import { changeNotice, followRecord } from "../followed.js";
import { recordForm, save, sending } from "../form.js";
import { leave, leaveOnlyIf } from "../router.js";
import { table } from "../table.js";
import { text, time } from "../texts.js";

const EVENTS = 20;

function nameOf(user) {
  return user.users_name || user.users_phone || user.id;
}

/** The name of the picture that is kept here, if `users_picture` leads to it. */
function pictureName({ id, users_picture: address }) {
  const [path] = (address ?? "").split(/[?#]/u);
  const [name, owner, , ...folder] = path.split("/").reverse();
  const isOwn = owner === id && folder.slice(0, 2).join() === "files,api";
  return isOwn || owner === undefined ? name : "";
}

/** The picture, small; nothing if there is none after all. */
function picture(user) {
  const name = pictureName(user);
  if (!name) return null;
  const src = api.url(`api/files/tbl_auth_users/${user.id}/${encodeURIComponent(name)}`, { thumb: "100x100" });
  return el("img", { class: "picture", alt: label("users_picture"), src, onerror: ({ currentTarget }) => currentTarget.remove() });
}

function facts(user) {
  const company = user.expand?.company_id;
  const rows = [
    ...[picture(user)].filter(Boolean).map((shown) => ["users_picture", shown]),
    ["id", user.id],
    ["users_id", user.users_id],
    ["openid", user.openid],
    ["unionid", user.unionid],
    ["email", user.email],
    ["company", company ? link(company.company_name || company.company_id, `#/companies/${company.id}`) : user.company_id],
    ["created", time(user.created)],
    ["updated", time(user.updated)],
  ];
  return el("dl", { class: "facts" }, rows.map(([name, value]) => el("div", {}, el("dt", {}, label(name)), el("dd", {}, value || "—"))));
}

/** The badge of the status, and the button that disables and enables. */
function statusSwitch(user, patch, onchange) {
  const badge = el("span", {});
  const toggle = button("", ({ currentTarget }) => run(currentTarget, change, isActive() ? text.user.isDisabled : text.user.isEnabled));
  const isActive = () => user.users_status === ACTIVE;
  const show = () => {
    badge.replaceChildren(statusBadge(user.users_status));
    toggle.textContent = isActive() ? text.user.disable : text.user.enable;
  };
  const change = async () => {
    await patch({ users_status: isActive() ? DISABLED : ACTIVE });
    show();
    onchange(user.users_status);
  };
  show();
  return { badge, toggle, show };
}

function sessionsButton(user, patch) {
  const end = () => patch({ "tokenKey:autogenerate": "" });
  return askingButton(text.user.endSessions, text.user.endSessionsQuestion(nameOf(user)), end, text.user.sessionsEnded);
}

function removeButton(user, path, stopFollowing) {
  const remove = async () => {
    stopFollowing();
    await api.remove(path);
    leave("#/users");
  };
  return askingButton(text.remove, text.user.removeQuestion(nameOf(user)), remove, text.removed(nameOf(user)), { isDestructive: true });
}

function editor(user, patch, fields, companies) {
  const form = recordForm(fields, user);
  const known = el("datalist", { id: "companies" }, companies.map((it) => el("option", { value: it.company_id }, it.company_name)));
  form.input("company_id")?.setAttribute("list", "companies");
  const work = async () => {
    await save(form, patch);
    say(text.saved);
    leave(`#/users/${user.id}`);
  };
  return { ...form, element: card(text.edit, sending({ rows: el("div", { class: "fields" }, form.elements), words: text.save, work }), known) };
}

function passwordPart(patch) {
  const set = async (body) => {
    await patch(body);
    say(text.user.passwordSet);
  };
  return passwordCard({ hint: text.user.passwordHint, set });
}

function eventsTable(events) {
  if (events.length === 0) return el("p", { class: "hint" }, text.none);
  return table({ caption: text.events.recent, columns: [WHEN, WHAT, BY, FROM, DETAIL], items: events, sort: "", onsort: () => {} });
}

function eventsOf(id, signal) {
  return api.get("api/events", { user: id, limit: EVENTS }, signal);
}

export async function user({ parts: [id], signal }) {
  const path = `api/${api.USERS}/records/${encodeURIComponent(id)}`;
  const readUser = (get) => get(path, { expand: "company_id" }, signal);
  const [found, collection, companies, events] = await Promise.all([readUser(api.get), api.get(`api/${api.USERS}`, {}, signal), api.companies(signal), eventsOf(id, signal)]);
  const patch = async (changes) => Object.assign(found, await api.patch(path, changes));
  const edit = editor(found, patch, editable(collection), companies);
  const password = passwordPart(patch);
  const { badge, toggle, show } = statusSwitch(found, patch, (status) => edit.set("users_status", status));
  const heading = title(nameOf(found));
  const known = el("div", {}, facts(found));
  const recent = el("div", {}, eventsTable(events.items));
  const notice = changeNotice();
  const onchange = async (now) => {
    Object.assign(found, now);
    heading.textContent = nameOf(found);
    show();
    known.replaceChildren(facts(found));
    notice.changed(edit.follow(found));
    recent.replaceChildren(eventsTable((await eventsOf(id, signal)).items));
  };
  const stopFollowing = followRecord({ collection: api.USERS, record: found, read: () => readUser(api.getQuietly), onchange, onremove: notice.removed, signal });
  leaveOnlyIf(() => Object.keys(edit.changes()).length > 0 || password.isChanged());
  return el(
    "div",
    {},
    link(text.users.back, "#/users", { class: "back" }),
    el("div", { class: "heading" }, heading, badge),
    notice.element,
    card(text.user.facts, known, el("div", { class: "actions" }, toggle, sessionsButton(found, patch), removeButton(found, path, stopFollowing))),
    edit.element,
    password.element,
    card(text.events.recent, recent, el("p", { class: "below" }, link(text.events.all, `#/events?user=${found.id}`))),
  );
}
