// Tables of records: columns that sort, groups of rows, pages.

import { button, el } from "./dom.js";
import { number, text } from "./texts.js";

function nextSort(sort, name) {
  return sort === name ? `-${name}` : name;
}

function ariaSort(sort, name) {
  if (sort === name) return "ascending";
  return sort === `-${name}` ? "descending" : "none";
}

function classOf({ wide, when }) {
  const names = Object.entries({ wide, when }).filter(([, is]) => is).map(([name]) => name);
  return names.join(" ") || undefined;
}

function heading(column, sort, onsort) {
  const attributes = { scope: "col", class: classOf(column) };
  const { label, sort: name, before } = column;
  if (!name) return el("th", attributes, before, label);
  const state = ariaSort(sort, name);
  const mark = { ascending: " ↑", descending: " ↓", none: "" }[state];
  const sorter = button(label, () => onsort(nextSort(sort, name)), { class: "sorter", "data-sort": name });
  return el("th", { ...attributes, "aria-sort": state }, before, sorter, el("span", { "aria-hidden": "true" }, mark));
}

/** One line of a table. */
export function row(columns, item) {
  const cells = columns.map((column) => el("td", { class: classOf(column) }, column.cell(item)));
  return el("tr", { "data-id": item.id }, cells);
}

function group(columns, { heading: words, items }) {
  const top = words && el("tr", { class: "group" }, el("th", { scope: "rowgroup", colspan: columns.length }, words));
  return el("tbody", {}, top, items.map((item) => row(columns, item)));
}

/** Columns are `{label, cell(item), sort, wide, when, before}`: wide ones are left out on a phone, `when` has times, `before` goes before the label. Rows are `items`, or `groups` of `{heading, items}`. */
export function table({ caption, columns, items, groups = [{ items }], sort, onsort }) {
  const head = el("tr", {}, columns.map((column) => heading(column, sort, onsort)));
  const element = el(
    "table",
    {},
    el("caption", { class: "unseen" }, caption),
    el("thead", {}, head),
    groups.map((it) => group(columns, it)),
  );
  return el("div", { class: "table", tabindex: "0", role: "region", "aria-label": caption }, element);
}

/** The buttons of pages, and which of how many records are shown. */
export function pager({ page, perPage, totalItems, totalPages }, onpage) {
  const first = (page - 1) * perPage + 1;
  const last = Math.min(page * perPage, totalItems);
  const shown = totalItems === 0 ? text.none : text.shown(number(Math.min(first, totalItems)), number(last), number(totalItems));
  return el(
    "div",
    { class: "pager" },
    el("span", {}, shown),
    button(text.previous, () => onpage(page - 1), { disabled: page <= 1 }),
    button(text.next, () => onpage(page + 1), { disabled: page >= totalPages }),
  );
}
