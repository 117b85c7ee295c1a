// Users: search as one types, filters, columns, pages; what is done with many at once.

import * as api from "../api.js";
import { changing, deleting } from "../bulk.js";
import { columnChooser } from "../columns.js";
import { el, link, title } from "../dom.js";
import { exporter } from "../export.js";
import { ACTIVE, DISABLED, label } from "../fields.js";
import { labelled, searchBox } from "../form.js";
import { list } from "../list.js";
import { all, begins, contains, isNamed, quoted } from "../search.js";
import { selection } from "../selection.js";
import { text } from "../texts.js";

const SEARCHED = ["users_phone", "users_name", "openid", "id", "email"];
const NEWEST_FIRST = "-created";
const USUAL = ["users_phone", "users_status", "company_id", "users_type", "users_idtype", "created"];
const ON_A_PHONE = ["users_phone", "users_status"];

const CHOICES = [
  ["status", "users_status", [[String(ACTIVE), text.active], [String(DISABLED), text.disabled]]],
  ["type", "users_type", Object.entries(text.values).filter(([value]) => ["游客", "注册用户"].includes(value))],
  ["kind", "users_idtype", Object.entries(text.values).filter(([value]) => ["WeChat", "ManagePlatform"].includes(value))],
];

const ACTIONS = [
  { words: text.user.enable, question: text.bulk.enableQuestion, requestOf: changing(api.USERS, { users_status: ACTIVE }) },
  { words: text.user.disable, question: text.bulk.disableQuestion, requestOf: changing(api.USERS, { users_status: DISABLED }) },
  { words: text.user.endSessions, question: text.bulk.endSessionsQuestion, requestOf: changing(api.USERS, { "tokenKey:autogenerate": "" }) },
  { words: text.remove, question: text.bulk.removeQuestion, requestOf: deleting(api.USERS), isDestructive: true },
];

function nameOf(user) {
  return user.users_name || user.users_phone || user.id;
}

const NAME = { name: "users_name", label: label("users_name"), sort: "users_name", cell: (user) => link(nameOf(user), `#/users/${user.id}`) };

function chooser([name, field, options], query) {
  const words = [["", text.users.any], ...options];
  const input = el("select", {}, words.map(([value, word]) => el("option", { value, selected: value === query.get(name) }, word)));
  const condition = (value) => value && `${field} = ${field === "users_status" ? value : quoted(value)}`;
  return { name, ...labelled(label(field), input), condition };
}

/** The midnight with which a day begins here, as the server's clock has it; `after` is days later. */
function midnight(day, after = 0) {
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date + after).toISOString().replace("T", " ");
}

function textFilter(name, words, query, condition) {
  const input = el("input", { type: "text", value: query.get(name), autocomplete: "off", spellcheck: "false" });
  return { name, ...labelled(words, input), condition };
}

function dayFilter(name, words, query, condition) {
  return { name, ...labelled(words, el("input", { type: "date", value: query.get(name) })), condition };
}

function expertFilter(query) {
  const attributes = { type: "text", class: "code", value: query.get("filter"), autocomplete: "off", spellcheck: "false", autocapitalize: "off" };
  const condition = (value) => value.trim() && `(${value.trim()})`;
  return { name: "filter", ...labelled(text.users.expert, el("input", attributes), { hint: text.users.expertHint }), condition };
}

/** What is wrong with a filter, in the server's words; undefined if nothing is. */
async function problemOf(filter) {
  try {
    await api.get(`api/${api.USERS}/records`, { filter, perPage: 1, skipTotal: 1, fields: "id" });
  } catch (error) {
    return error.message;
  }
}

/** Shows what is wrong with the filter that was typed, at its place: the server is asked for it alone. */
function problemShower(expert) {
  const typed = () => expert.input.value.trim();
  return async (error) => {
    expert.setProblem(null);
    const asked = typed();
    if (error?.status !== 400 || asked === "") return false;
    const problem = await problemOf(asked);
    if (problem && typed() === asked) expert.setProblem(problem);
    return Boolean(problem);
  };
}

/** The controls of the list, and the question that they are. */
function controls(query) {
  const box = searchBox(text.users.search, text.users.placeholder, query.get("q"));
  const choosers = CHOICES.map((choice) => chooser(choice, query));
  const expert = expertFilter(query);
  const more = [
    textFilter("company", label("company_id"), query, (value) => value && `company_id = ${quoted(value)}`),
    textFilter("unionid", label("unionid"), query, (value) => value.trim() && `unionid = ${quoted(value.trim())}`),
    dayFilter("from", text.users.createdFrom, query, (day) => day && `created >= ${quoted(midnight(day))}`),
    dayFilter("until", text.users.createdUntil, query, (day) => day && `created < ${quoted(midnight(day, 1))}`),
    expert,
  ];
  const filters = [...choosers, ...more];
  const ask = () => {
    const conditions = filters.map(({ input, condition }) => condition(input.value));
    const within = (filter) => all([filter, ...conditions]);
    return {
      state: { q: box.value, ...Object.fromEntries(filters.map(({ name, input }) => [name, input.value.trim()])) },
      filter: within(contains(box.value, SEARCHED)),
      begins: begins(box.value, SEARCHED).map(within),
      isNamed: (user) => isNamed(user, box.value),
    };
  };
  const isOpen = more.some(({ input }) => input.value !== "");
  const details = el("details", { class: "filters", open: isOpen }, el("summary", {}, text.users.more), el("div", {}, more.map(({ element }) => element)));
  const element = el("form", { class: "controls", role: "search", onsubmit: (event) => event.preventDefault() }, box, choosers.map((it) => it.element), details);
  return { element, ask, onproblem: problemShower(expert) };
}

export async function users({ query, signal }) {
  const { element: form, ask, onproblem } = controls(query);
  const chosen = selection({
    collection: api.USERS, nameOf, fields: ["users_name", "users_phone"], actions: ACTIONS, found: () => found.found(), onchanged: () => found.load(),
  });
  const columns = columnChooser({ name: "users", first: chosen.within(NAME), usual: USUAL, narrow: ON_A_PHONE, onchange: () => found.redraw() });
  const found = list({
    path: api.USERS, caption: text.users.title, columns: columns.current, query, ask, defaultSort: NEWEST_FIRST, onproblem, onshown: chosen.showing, signal,
  });
  form.addEventListener("input", () => {
    chosen.clear();
    found.changed();
  });
  await found.load();
  columns.know(await api.get(`api/${api.USERS}`, {}, signal));
  return el(
    "div",
    {},
    el("div", { class: "heading" }, title(text.users.title), link(text.imports.button, "#/users/import", { class: "button" }), link(text.users.create, "#/users/new", { class: "button main" })),
    form,
    el("div", { class: "above" }, found.count, columns.element, exporter({ collection: api.USERS, name: "users", names: columns.names, found: found.found })),
    chosen.element,
    found.element,
  );
}
