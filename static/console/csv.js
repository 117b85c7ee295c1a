// Tables of comma-separated values that people bring, read as strictly as `bai import csv` reads them: a table that may mean two things is refused.

import { text } from "./texts.js";

/** Fields that the server sets: an export has them, and an import passes over them. */
const PASSED_OVER = ["created", "updated"];
/** Signs that separate cells elsewhere. */
const OTHER_SEPARATORS = [";", "\t", "|", "，", "；"];
const FORMULA = /^'+[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** The text of a cell, without the apostrophe that made it harmless. */
function original(cell) {
  return FORMULA.test(cell) ? cell.slice(1) : cell;
}

function refuse(words) {
  throw new Error(words);
}

/** A cell and the place behind it. */
function quotedCell(table, at, line) {
  let cell = "";
  for (let from = at + 1; ; ) {
    const end = table.indexOf('"', from);
    if (end < 0) refuse(text.csv.open(line));
    cell += table.slice(from, end);
    if (table[end + 1] !== '"') return [cell, end + 1];
    cell += '"';
    from = end + 2;
  }
}

function plainCell(table, at) {
  const end = /[,\r\n]|$/g;
  end.lastIndex = at;
  const behind = end.exec(table).index;
  return [table.slice(at, behind), behind];
}

function lineBreak(table, at) {
  if (table.startsWith("\r\n", at)) return 2;
  return "\r\n".includes(table[at]) ? 1 : 0;
}

function breaksIn(words) {
  return words.match(/\r\n|\r|\n/g)?.length ?? 0;
}

/** The records of a table, each with the number of its first line; lines without a sign in them are none. */
function* records(table) {
  let [at, line, begun, cells] = [0, 1, 1, []];
  while (at < table.length) {
    if (cells.length === 0) begun = line;
    const isQuoted = table[at] === '"';
    const [cell, behind] = isQuoted ? quotedCell(table, at, line) : plainCell(table, at, line);
    line += breaksIn(table.slice(at, behind));
    cells.push(cell);
    at = behind;
    if (table[at] === ",") {
      at += 1;
      if (at < table.length) continue;
      cells.push("");
    }
    const skipped = at < table.length ? lineBreak(table, at) : 0;
    if (at < table.length && skipped === 0) refuse(text.csv.quote(line));
    at += skipped;
    line += skipped > 0 ? 1 : 0;
    if (cells.length > 1 || isQuoted || cells[0] !== "") yield { line: begun, cells };
    cells = [];
  }
}

function ensureHeader(names) {
  const known = names.filter((name) => name !== "");
  if (known.length === 0) refuse(text.csv.noHeader);
  const separator = names.length === 1 && OTHER_SEPARATORS.find((sign) => names[0].includes(sign));
  if (separator) refuse(text.csv.separator(separator === "\t" ? "Tab" : separator));
  const twice = known.find((name, place) => known.indexOf(name) !== place);
  if (twice) refuse(text.csv.twice(twice));
}

/** Refuses a cell with a line in it that could be a line of the table. */
function ensureOneLine(name, cell, cells, line) {
  const others = cell.split(/\r?\n/).slice(1);
  if (others.some((it) => it.split(",").length >= cells)) refuse(text.csv.lines(line, name));
}

function valuesOf(names, { line, cells }) {
  if (cells.length !== names.length) refuse(text.csv.cells(line, cells.length, names.length));
  const values = {};
  cells.forEach((cell, place) => {
    const name = names[place];
    if (cell === "") return;
    if (name === "") refuse(text.csv.noName(line));
    ensureOneLine(name, cell, names.length, line);
    if (!PASSED_OVER.includes(name)) values[name] = original(cell);
  });
  return values;
}

/** The rows `{line, values}` of a table below a line of field names, these names, and how many lines had no value. */
export function readTable(table) {
  const [header, ...rest] = records(table.replace(/^\ufeff/, ""));
  const names = (header?.cells ?? []).map((name) => name.trim());
  ensureHeader(names);
  const filled = rest.filter(({ cells }) => cells.some((cell) => cell.trim() !== ""));
  const rows = filled.map((record) => ({ line: record.line, values: valuesOf(names, record) }));
  return { names: names.filter((name) => name !== ""), rows, empty: rest.length - filled.length };
}
