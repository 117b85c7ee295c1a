// Columns of tables of events: what happened, by whom, about whom, in words.

import { el, link } from "./dom.js";
import { label } from "./fields.js";
import { moment, number, text } from "./texts.js";

const FAILURES = ["login-failed", "superuser-login-failed", "phone-refused", "lost"];
const ID = /^[a-z0-9]{15}$/;
/** A collection, and names of its fields. */
const FIELDS = /^(tbl_auth_users|tbl_company|_superusers)(?:: (.*))?$/;

function what({ kind, cause, count }) {
  const words = text.events.kinds[kind] ?? kind;
  const shown = FAILURES.includes(kind) ? el("span", { class: "badge off" }, words) : words;
  const why = cause ? text.events.causes[cause] ?? cause : "";
  const times = count > 1 ? `×${number(count)}` : "";
  const more = [why, times].filter(Boolean).map((it) => el("span", { class: "hint" }, ` ${it}`));
  return el("span", {}, shown, more);
}

function actor({ actor: kind, actorId, actorName }) {
  if (kind === "user") return link(actorName || actorId, `#/users/${actorId}`);
  if (kind === "superuser" && actorName) return link(actorName, `#/superusers/${actorId}`);
  return actorName || text.events.actors[kind] || kind;
}

/** The address of the view of a record, if it has one. */
function place({ subject, detail }) {
  const collection = FIELDS.exec(detail)?.[1];
  return `#/${{ tbl_company: "companies", _superusers: "superusers" }[collection] ?? "users"}/${subject}`;
}

function subject(event) {
  const { subject: id, subjectName: name, kind } = event;
  if (!ID.test(id)) return id;
  if (!name) return el("code", {}, id);
  if (kind.startsWith("superuser")) return link(name, `#/superusers/${id}`);
  return link(name, place(event));
}

/** What the detail says, with fields as they are called in the console. */
function detail({ detail: words }) {
  const found = FIELDS.exec(words);
  if (!found) return words;
  const [, collection, fields] = found;
  const labels = fields?.split(", ").map(label).join(", ");
  return [text.collections[collection] ?? collection, labels].filter(Boolean).join(": ");
}

export const WHEN = { label: text.events.at, cell: (event) => el("time", {}, moment(event.at)) };
export const WHAT = { label: text.events.kind, cell: what };
export const BY = { label: text.events.by, cell: actor };
export const ABOUT = { label: text.events.about, cell: subject };
export const FROM = { label: text.events.source, wide: true, cell: (event) => event.source };
export const DETAIL = { label: text.events.detail, wide: true, cell: detail };
