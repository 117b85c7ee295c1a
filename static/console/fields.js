// What the console knows of well-known fields; fields of a deployment's own are shown by their type alone.

import { text } from "./texts.js";

export const ACTIVE = 1;
export const DISABLED = 0;

/** Fields in the order in which people look for them; the others follow. */
const FIRST = [
  "users_name", "users_phone", "company_id", "company_name", "company_type", "company_status", "users_status", "users_type", "users_idtype",
  "users_level", "users_rank_level", "users_auth_type", "users_picture", "users_id_number",
];

/** Fields that have operations of their own, or are nobody's to see. */
const APART = ["id", "password", "tokenKey"];

/** Hidden fields that superusers see all the same. */
const FOR_SUPERUSERS = ["unionid"];

/** Types whose values nobody types. */
const READ_ONLY = ["autodate", "file"];

export function label(name) {
  return text.fields[name] ?? name;
}

export function statusWord(status) {
  return status === ACTIVE ? text.active : text.disabled;
}

/** The texts of a select, by value. */
export function choices(field) {
  if (field.name === "users_status") return [[String(ACTIVE), text.active], [String(DISABLED), text.disabled]];
  if (field.type !== "select" || field.maxSelect > 1) return null;
  return field.values.map((value) => [value, text.values[value] ?? value]);
}

function rank({ name }) {
  const at = FIRST.indexOf(name);
  return at < 0 ? FIRST.length : at;
}

/** Whether superusers see the values of a field. */
export function isShown({ name, hidden }) {
  return !hidden || FOR_SUPERUSERS.includes(name);
}

/** The fields of a collection that a form has. */
export function editable(collection) {
  const fields = collection.fields.filter((field) => isShown(field) && !READ_ONLY.includes(field.type) && !APART.includes(field.name));
  return fields.sort((a, b) => rank(a) - rank(b));
}
