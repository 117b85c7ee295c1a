// Tables of records: columns that sort, pages.

import { button, el } from "./dom.js";
import { number, text } from "./texts.js";

function nextSort(sort, name) {
  return sort === name ? `-${name}` : name;
}

function ariaSort(sort, name) {
  if (sort === name) return "ascending";
  return sort === `-${name}` ? "descending" : "none";
}

function heading({ label, sort: name, wide }, sort, onsort) {
  const attributes = { scope: "col", class: wide ? "wide" : undefined };
  if (!name) return el("th", attributes, label);
  const state = ariaSort(sort, name);
  const mark = { ascending: " ↑", descending: " ↓", none: "" }[state];
  const sorter = button(label, () => onsort(nextSort(sort, name)), { class: "sorter", "data-sort": name });
  return el("th", { ...attributes, "aria-sort": state }, sorter, el("span", { "aria-hidden": "true" }, mark));
}

/** One line of a table. */
export function row(columns, item) {
  return el("tr", {}, columns.map(({ cell, wide }) => el("td", { class: wide ? "wide" : undefined }, cell(item))));
}

/** Columns are `{label, cell(item), sort, wide}`: wide ones are left out on a phone. */
export function table({ caption, columns, items, sort, onsort }) {
  const head = el("tr", {}, columns.map((column) => heading(column, sort, onsort)));
  const body = items.map((item) => row(columns, item));
  const element = el(
    "table",
    {},
    el("caption", { class: "unseen" }, caption),
    el("thead", {}, head),
    el("tbody", {}, body),
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
