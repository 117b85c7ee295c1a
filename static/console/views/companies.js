// Companies: search, columns, pages; export, and deletion of many at once.

import * as api from "../api.js";
import { deleting } from "../bulk.js";
import { columnChooser } from "../columns.js";
import { el, link, title } from "../dom.js";
import { exporter } from "../export.js";
import { label } from "../fields.js";
import { searchBox } from "../form.js";
import { list } from "../list.js";
import { contains } from "../search.js";
import { selection } from "../selection.js";
import { text } from "../texts.js";

const SEARCHED = ["company_name", "company_id", "id"];
const USUAL = ["company_id", "company_type", "company_status", "created"];

function nameOf(company) {
  return company.company_name || company.company_id;
}

const NAME = { name: "company_name", label: label("company_name"), sort: "company_name", cell: (it) => link(nameOf(it), `#/companies/${it.id}`) };
const DELETE = { words: text.remove, question: text.companies.removeQuestion, requestOf: deleting(api.COMPANIES), isDestructive: true };

export async function companies({ query, signal }) {
  const box = searchBox(text.companies.search, text.companies.placeholder, query.get("q"));
  const ask = () => ({ state: { q: box.value }, filter: contains(box.value, SEARCHED) });
  const chosen = selection({
    collection: api.COMPANIES, nameOf, fields: ["company_name", "company_id"], actions: [DELETE], found: () => found.found(), onchanged: () => found.load(),
  });
  const columns = columnChooser({ name: "companies", first: chosen.within(NAME), usual: USUAL, narrow: ["company_id"], onchange: () => found.redraw() });
  const found = list({
    path: api.COMPANIES, caption: text.companies.title, columns: columns.current, query, ask, defaultSort: "-created", onshown: chosen.showing, signal,
  });
  box.addEventListener("input", () => {
    chosen.clear();
    found.changed();
  });
  const controls = el("form", { class: "controls", role: "search", onsubmit: (event) => event.preventDefault() }, box);
  await found.load();
  columns.know(await api.get(`api/${api.COMPANIES}`, {}, signal));
  return el(
    "div",
    {},
    el("div", { class: "heading" }, title(text.companies.title), link(text.companies.create, "#/companies/new", { class: "button main" })),
    controls,
    el("div", { class: "above" }, found.count, columns.element, exporter({ collection: api.COMPANIES, name: "companies", names: columns.names, found: found.found })),
    chosen.element,
    found.element,
  );
}
