// The columns of a list: which are shown is chosen, and remembered in this browser.

import { el, menu } from "./dom.js";
import { isShown, label, statusWord, ACTIVE } from "./fields.js";
import { text, time } from "./texts.js";

const TIMES = ["autodate", "date"];
const NOT_SORTED = ["json", "geoPoint", "file"];

export function statusBadge(status) {
  return el("span", { class: status === ACTIVE ? "badge good" : "badge off" }, statusWord(status));
}

function words(field, value) {
  if (value === null || value === undefined || value === "") return "";
  if (field.type === "bool") return value ? text.yes : text.no;
  if (TIMES.includes(field.type)) return time(value);
  if (field.type === "select" && !Array.isArray(value)) return text.values[value] ?? value;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function columnOf(field, isWide) {
  const { name } = field;
  const cell = name === "users_status" ? (record) => statusBadge(record[name]) : (record) => words(field, record[name]);
  return { name, label: label(name), sort: NOT_SORTED.includes(field.type) ? undefined : name, wide: isWide, when: TIMES.includes(field.type), cell };
}

function remembered(key) {
  try {
    const names = JSON.parse(localStorage.getItem(key));
    return Array.isArray(names) ? names : null;
  } catch {
    return null;
  }
}

function remember(key, names) {
  try {
    localStorage.setItem(key, JSON.stringify(names));
  } catch {
    // A browser that keeps nothing: the choice holds for this page.
  }
}

/**
 * The columns of a list behind the `first`, which is always there. `usual` are shown until somebody chooses, and have the order of the list; on a phone
 * those of `narrow` only. `current()` are those that are shown now, once `know(collection)` has said which there are; `names()` are all.
 */
export function columnChooser({ name, first, usual, narrow, onchange }) {
  const key = `bai-console-columns-${name}`;
  const choices = el("div", { class: "choices" });
  const element = menu(text.columns.title, choices);
  const rank = (field) => (usual.includes(field) ? usual.indexOf(field) : usual.length);
  let fields = [];
  let shown = remembered(key) ?? usual;

  function choose(field, isShown) {
    shown = isShown ? [...shown, field] : shown.filter((it) => it !== field);
    remember(key, shown);
    onchange();
  }

  function box(field) {
    const input = el("input", { type: "checkbox", checked: shown.includes(field), onchange: ({ target }) => choose(field, target.checked) });
    return el("label", { class: "choice" }, input, label(field));
  }

  function know(collection) {
    fields = collection.fields.filter(isShown);
    others().forEach((field) => choices.append(box(field.name)));
    onchange();
  }

  function others() {
    return fields.filter((field) => field.name !== first.name).sort((a, b) => rank(a.name) - rank(b.name));
  }

  function current() {
    const chosen = others().filter((field) => shown.includes(field.name));
    return [first, ...chosen.map((field) => columnOf(field, !narrow.includes(field.name)))];
  }

  return { element, know, current, names: () => fields.map((field) => field.name) };
}
