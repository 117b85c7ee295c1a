// Users from a CSV file: what would become of each row is shown before anything is written.

import * as api from "../api.js";
import { readTable } from "../csv.js";
import { button, card, el, link, problem, title } from "../dom.js";
import { saveCsv } from "../export.js";
import { isShown, label } from "../fields.js";
import { labelled } from "../form.js";
import { check, make } from "../import.js";
import { pager, table } from "../table.js";
import { number, text } from "../texts.js";
import { withProgress } from "../work.js";

const PER_PAGE = 50;
/** A larger file is the command line's. */
const MOST_MIB = 64;

async function textOf(file) {
  if (file.size > MOST_MIB << 20) throw new Error(text.imports.tooLarge(MOST_MIB));
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new Error(text.imports.notUtf8);
  }
}

/** The rows of the file, if all columns are fields that there are. */
async function rowsOf(file, signal) {
  const found = readTable(await textOf(file));
  const { fields } = await api.get(`api/${api.USERS}`, {}, signal);
  const known = fields.filter(isShown).map(({ name }) => name);
  const unknown = found.names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(text.imports.unknown(unknown.join(text.work.comma), known.join(text.work.comma)));
  return found;
}

/** What a person knows a row by. */
function nameOf({ values }) {
  return values.users_name ?? values.users_phone ?? Object.values(values)[0] ?? "";
}

function fateOf({ problem: why }, words) {
  if (why === undefined) return el("span", { class: "badge off" }, text.imports.notTried);
  return why === "" ? el("span", { class: "badge good" }, words) : el("span", { class: "wrong" }, why);
}

/** Rows with what becomes of them, a page at a time; those that do not come first, because something has to be done about them. */
function rowList(rows, words) {
  const ordered = [...rows.filter(({ problem: why }) => why !== ""), ...rows.filter(({ problem: why }) => why === "")];
  const element = el("div", { class: "list" });
  const columns = [
    { label: text.imports.line, cell: ({ line }) => number(line) },
    { label: label("users_name"), cell: nameOf },
    { label: label("users_phone"), wide: true, cell: ({ values }) => values.users_phone ?? "" },
    { label: text.imports.fate, cell: (row) => fateOf(row, words) },
  ];
  const show = (page) => {
    const items = ordered.slice((page - 1) * PER_PAGE, page * PER_PAGE);
    const pages = { page, perPage: PER_PAGE, totalItems: ordered.length, totalPages: Math.ceil(ordered.length / PER_PAGE) };
    element.replaceChildren(table({ caption: text.imports.rows, columns, items, sort: "" }), pager(pages, show));
  };
  show(1);
  return element;
}

function left(rows) {
  return rows.filter(({ problem: why }) => why !== "");
}

function reportButton(rows) {
  const lines = () => left(rows).map((row) => [String(row.line), nameOf(row), row.problem ?? text.imports.notTried]);
  return button(text.imports.report, () => saveCsv("users-not-imported", ["line", "name", "reason"], lines()));
}

/** What came of the import. */
function result(rows, error) {
  const missing = left(rows);
  const words = text.imports.result(number(rows.length - missing.length), number(missing.length));
  return card(
    text.imports.done,
    error ? problem(text.imports.stopped(error.message)) : "",
    el("p", { role: "status" }, words),
    el("div", { class: "actions" }, link(text.imports.toUsers, "#/users", { class: "button main" }), missing.length > 0 ? reportButton(rows) : ""),
    missing.length > 0 ? rowList(missing, "") : "",
  );
}

/** The preview of the rows; `onmade` is called with those that were sent. */
function preview({ rows, empty }, onmade) {
  const coming = rows.filter(({ problem: why }) => why === "");
  const missing = rows.length - coming.length;
  const words = [text.imports.preview(number(coming.length), number(missing)), empty > 0 ? text.imports.empty(number(empty)) : ""];
  const send = async () => {
    let failure;
    await withProgress(text.imports.making, (work) => make(coming, work)).catch((error) => (failure = error));
    onmade(rows, failure);
  };
  const start = button(text.imports.start(number(coming.length)), send, { class: "main", disabled: coming.length === 0 });
  return card(text.imports.rows, el("p", { role: "status" }, words.join(" ")), el("div", { class: "actions" }, start, missing > 0 ? reportButton(rows) : ""), rowList(rows, text.imports.comes));
}

export async function importUsers({ signal }) {
  const outcome = el("div", {});
  const file = labelled(text.imports.file, el("input", { type: "file", accept: ".csv,text/csv" }), { hint: text.imports.hint });
  const show = (...parts) => {
    outcome.replaceChildren(...parts);
    outcome.querySelector("h2")?.scrollIntoView({ block: "nearest" });
  };
  const look = async (chosen) => {
    const found = await rowsOf(chosen, signal);
    const isWhole = await withProgress(text.imports.checking, async (work) => {
      await check(found.rows, work);
      return !work.signal.aborted;
    });
    if (isWhole) show(preview(found, (rows, error) => show(result(rows, error))));
  };
  file.input.addEventListener("change", async () => {
    const [chosen] = file.input.files;
    file.setProblem("");
    show();
    if (!chosen) return;
    try {
      await look(chosen);
    } catch (error) {
      file.setProblem(error.message);
    }
    file.input.value = "";
  });
  return el(
    "div",
    {},
    link(text.users.back, "#/users", { class: "back" }),
    title(text.imports.title),
    el("p", { class: "lead" }, text.imports.lead),
    card(text.imports.table, file.element, el("pre", { class: "code" }, text.imports.example)),
    outcome,
  );
}
