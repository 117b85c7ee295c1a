// Access rules of users and companies: who may do what.

import * as api from "../api.js";
import { card, el, say, title } from "../dom.js";
import { labelled, sending, showProblems } from "../form.js";
import { leaveOnlyIf } from "../router.js";
import { text } from "../texts.js";

const COLLECTIONS = [
  [api.USERS, "tbl_auth_users", ["listRule", "viewRule", "createRule", "updateRule", "deleteRule", "authRule", "manageRule"]],
  [api.COMPANIES, "tbl_company", ["listRule", "viewRule", "createRule", "updateRule", "deleteRule"]],
];

const MODES = ["superusers", "everybody", "rule"];
/** Open to everybody by default: a sentence, but no warning. */
const OPEN_BY_DEFAULT = ["authRule"];
/** What it gives is a superuser's work: the server takes no "everybody" for it. */
const NEVER_FOR_EVERYBODY = ["manageRule"];

function modeOf(rule) {
  if (rule === null) return "superusers";
  return rule === "" ? "everybody" : "rule";
}

function option(mode, checked, group, onchange) {
  const input = el("input", { type: "radio", name: group, value: mode, checked, onchange });
  return { input, element: el("label", { class: "choice" }, input, text.rules.modes[mode]) };
}

/** One rule: to whom it opens, and its text. What was typed stays when another choice is looked at. */
function ruleEditor(collection, name, before) {
  const editor = el("textarea", { rows: 3, spellcheck: "false", autocapitalize: "off", class: "code" });
  editor.value = before ?? "";
  const row = labelled(text.rules.textOf(name), editor);
  const warning = el("p", { class: OPEN_BY_DEFAULT.includes(name) ? "hint" : "warning", role: "status" });
  const offered = MODES.filter((mode) => mode !== "everybody" || !NEVER_FOR_EVERYBODY.includes(name));
  const options = offered.map((mode) => option(mode, mode === modeOf(before), `${collection}.${name}`, () => showMode()));
  const mode = () => options.find(({ input }) => input.checked).input.value;
  function showMode() {
    row.element.hidden = mode() !== "rule";
    warning.textContent = mode() === "everybody" ? text.rules.opens[collection][name] : "";
    row.setProblem();
  }
  showMode();
  const element = el(
    "fieldset",
    { class: "rule" },
    el("legend", {}, el("code", {}, name), " ", text.rules.lets[collection][name]),
    el("div", { class: "choices" }, options.map((it) => it.element)),
    row.element,
    warning,
  );
  const value = () => ({ superusers: null, everybody: "", rule: editor.value })[mode()];
  const isUnwritten = () => mode() === "rule" && editor.value.trim() === "";
  return { name, element, row, value, isUnwritten };
}

function collectionCard([path, collection, names], rules) {
  const editors = names.map((name) => ruleEditor(collection, name, rules[name]));
  const changes = () => Object.fromEntries(editors.map(({ name, value }) => [name, value()]).filter(([name, value]) => value !== rules[name]));
  const work = async () => {
    const unwritten = editors.filter((editor) => editor.isUnwritten());
    const missing = Object.fromEntries(unwritten.map(({ name }) => [name, text.rules.unwritten]));
    if (show(missing)) return;
    try {
      Object.assign(rules, await api.patch(`api/${path}`, changes()));
      show({});
      say(text.rules.saved(text.collections[collection]));
    } catch (error) {
      if (!show(error.fields ?? {})) throw error;
    }
  };
  function show(problems) {
    showProblems(editors.map(({ name, row }) => [name, row]), problems);
    return Object.keys(problems).length > 0;
  }
  const rows = editors.map(({ element }) => element);
  const form = sending({ rows, words: text.rules.save(text.collections[collection]), work });
  return { element: card(text.collections[collection], form), isChanged: () => Object.keys(changes()).length > 0 };
}

function term(name, words) {
  return [el("dt", {}, el("code", {}, name)), el("dd", {}, words)];
}

function guide() {
  return el(
    "details",
    { class: "card" },
    el("summary", {}, text.rules.guide.title),
    el("p", {}, text.rules.guide.lead),
    el("dl", {}, text.rules.guide.terms.flatMap(([name, words]) => term(name, words))),
    el("p", {}, text.rules.guide.examplesTitle),
    el("dl", {}, text.rules.guide.examples.flatMap(([name, words]) => term(name, words))),
    el("p", { class: "hint" }, text.rules.guide.more),
  );
}

export async function rules({ signal }) {
  const found = await Promise.all(COLLECTIONS.map(([path]) => api.get(`api/${path}`, {}, signal)));
  const cards = COLLECTIONS.map((collection, index) => collectionCard(collection, found[index]));
  leaveOnlyIf(() => cards.some((it) => it.isChanged()));
  return el("div", {}, title(text.rules.title), el("p", { class: "lead" }, text.rules.lead), guide(), cards.map(({ element }) => element));
}
