// Companies: search, sort, pages.

import * as api from "../api.js";
import { el, link, title } from "../dom.js";
import { label } from "../fields.js";
import { searchBox } from "../form.js";
import { list } from "../list.js";
import { contains } from "../search.js";
import { text, time } from "../texts.js";

const SEARCHED = ["company_name", "company_id", "id"];

const COLUMNS = [
  { label: label("company_name"), sort: "company_name", cell: (it) => link(it.company_name || it.company_id, `#/companies/${it.id}`) },
  { label: label("company_id"), sort: "company_id", cell: (it) => it.company_id },
  { label: label("company_type"), sort: "company_type", wide: true, cell: (it) => it.company_type },
  { label: label("company_status"), sort: "company_status", wide: true, cell: (it) => String(it.company_status ?? "") },
  { label: label("created"), sort: "created", wide: true, cell: (it) => time(it.created) },
];

export async function companies({ query, signal }) {
  const box = searchBox(text.companies.search, text.companies.placeholder, query.get("q"));
  const ask = () => ({ state: { q: box.value }, filter: contains(box.value, SEARCHED) });
  const found = list({ path: api.COMPANIES, caption: text.companies.title, columns: COLUMNS, query, ask, defaultSort: "-created", signal });
  box.addEventListener("input", found.changed);
  const controls = el("form", { class: "controls", role: "search", onsubmit: (event) => event.preventDefault() }, box);
  await found.load();
  const heading = el("div", { class: "heading" }, title(text.companies.title), link(text.companies.create, "#/companies/new", { class: "button main" }));
  return el("div", {}, heading, controls, found.count, found.element);
}
