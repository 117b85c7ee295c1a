// Users: search as one types, filters, sort, pages.

import * as api from "../api.js";
import { el, link, title } from "../dom.js";
import { ACTIVE, DISABLED, label, statusWord } from "../fields.js";
import { labelled, searchBox } from "../form.js";
import { list } from "../list.js";
import { all, contains, quoted } from "../search.js";
import { text, time } from "../texts.js";

const SEARCHED = ["users_phone", "users_name", "openid", "id", "email"];
const NEWEST_FIRST = "-created";

const CHOICES = [
  ["status", "users_status", [[String(ACTIVE), text.active], [String(DISABLED), text.disabled]]],
  ["type", "users_type", Object.entries(text.values).filter(([value]) => ["游客", "注册用户"].includes(value))],
  ["kind", "users_idtype", Object.entries(text.values).filter(([value]) => ["WeChat", "ManagePlatform"].includes(value))],
];

export function statusBadge(status) {
  return el("span", { class: status === ACTIVE ? "badge good" : "badge off" }, statusWord(status));
}

function nameLink(user) {
  return link(user.users_name || user.users_phone || user.id, `#/users/${user.id}`);
}

const COLUMNS = [
  { label: label("users_name"), sort: "users_name", cell: nameLink },
  { label: label("users_phone"), sort: "users_phone", cell: (user) => user.users_phone },
  { label: label("users_status"), sort: "users_status", cell: (user) => statusBadge(user.users_status) },
  { label: label("company_id"), sort: "company_id", wide: true, cell: (user) => user.company_id },
  { label: label("users_type"), sort: "users_type", wide: true, cell: (user) => text.values[user.users_type] ?? user.users_type },
  { label: label("users_idtype"), sort: "users_idtype", wide: true, cell: (user) => text.values[user.users_idtype] ?? user.users_idtype },
  { label: label("created"), sort: "created", wide: true, cell: (user) => time(user.created) },
];

function chooser([name, field, options], query, onchange) {
  const all = [["", text.users.any], ...options];
  const select = el("select", { onchange }, all.map(([value, words]) => el("option", { value, selected: value === query.get(name) }, words)));
  const { element } = labelled(label(field), select);
  const condition = () => (select.value === "" ? "" : `${field} = ${field === "users_status" ? select.value : quoted(select.value)}`);
  return { name, element, value: () => select.value, condition };
}

/** What is wrong with a filter, in the server's words; undefined if nothing is. */
async function problemOf(filter) {
  try {
    await api.get(`api/${api.USERS}/records`, { filter, perPage: 1, skipTotal: 1, fields: "id" });
  } catch (error) {
    return error.message;
  }
}

export async function users({ query, signal }) {
  const box = searchBox(text.users.search, text.users.placeholder, query.get("q"));
  const company = labelled(label("company_id"), el("input", { type: "text", value: query.get("company"), autocomplete: "off", spellcheck: "false" }));
  const expert = labelled(text.users.expert, el("input", { type: "text", class: "code", value: query.get("filter"), autocomplete: "off", spellcheck: "false", autocapitalize: "off" }), { hint: text.users.expertHint });
  const choosers = CHOICES.map((choice) => chooser(choice, query, () => found.changed()));
  const companyCondition = () => (company.input.value ? `company_id = ${quoted(company.input.value)}` : "");
  const ask = () => {
    const typed = expert.input.value.trim();
    const conditions = choosers.map((it) => it.condition());
    const state = { q: box.value, company: company.input.value, filter: typed };
    for (const { name, value } of choosers) state[name] = value();
    return { state, filter: all([contains(box.value, SEARCHED), companyCondition(), ...conditions, typed && `(${typed})`]) };
  };
  /** Shows the place in the filter that was typed, which the server is asked for alone. */
  const onproblem = async (error) => {
    expert.setProblem(null);
    const typed = expert.input.value.trim();
    if (error?.status !== 400 || typed === "") return false;
    const problem = await problemOf(typed);
    const isOfNow = expert.input.value.trim() === typed;
    if (problem && isOfNow) expert.setProblem(problem);
    return Boolean(problem);
  };
  const found = list({ path: api.USERS, caption: text.users.title, columns: COLUMNS, query, ask, defaultSort: NEWEST_FIRST, onproblem, signal });
  for (const input of [box, company.input, expert.input]) input.addEventListener("input", found.changed);
  const more = el(
    "details",
    { class: "filters", open: Boolean(company.input.value || expert.input.value) },
    el("summary", {}, text.users.more),
    el("div", {}, company.element, expert.element),
  );
  const controls = el("form", { class: "controls", role: "search", onsubmit: (event) => event.preventDefault() }, box, choosers.map(({ element }) => element), more);
  await found.load();
  return el("div", {}, title(text.users.title), controls, found.count, found.element);
}
