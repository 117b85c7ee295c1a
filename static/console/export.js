// What a list finds, as a file: page by page, in the order of creation.

import { allRecords } from "./all_records.js";
import { button, el, menu, say } from "./dom.js";
import { number, text } from "./texts.js";
import { withProgress } from "./work.js";

/** Records from which a file is written while they come, where the browser can: fewer are kept until the end. */
const MANY = 20000;

/** Characters that hide, or turn the direction of a line: they are shown by their numbers. */
const HIDDEN = /[\p{Cc}\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb\u{e0000}-\u{e0fff}]/gu;

function plain(value) {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A text that a spreadsheet might run as a formula goes behind an apostrophe (OWASP, "CSV Injection"), as one that begins so already. */
function harmless(value) {
  return /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(value) ? `'${value}` : value;
}

function cell(value) {
  const shown = (char) => ("\n\r\t".includes(char) ? char : `\\u{${char.codePointAt(0).toString(16)}}`);
  const words = typeof value === "string" ? harmless(value.replace(HIDDEN, shown)) : plain(value);
  return /[",\r\n]/.test(words) ? `"${words.replaceAll('"', '""')}"` : words;
}

function csvLine(values) {
  return `${values.join()}\n`;
}

function unicodeEscapes(char) {
  return char.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
}

function jsonLine(names, record) {
  const chosen = Object.fromEntries(names.map((name) => [name, record[name] ?? null]));
  return `${JSON.stringify(chosen).replace(HIDDEN, unicodeEscapes)}\n`;
}

/** Files as `bai user export` writes them; CSV begins with the mark by which spreadsheets read UTF-8. */
const FORMATS = {
  csv: { type: "text/csv", begin: (names) => `\ufeff${csvLine(names)}`, line: (names, record) => csvLine(names.map((name) => cell(record[name]))) },
  jsonl: { type: "application/jsonl", begin: () => "", line: jsonLine },
};

/** Keeps the parts, and saves them as a download at the end. */
function download(name, type) {
  const parts = [];
  const save = () => {
    const address = URL.createObjectURL(new Blob(parts, { type }));
    el("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
  };
  return { write: (part) => parts.push(new Blob([part])), close: save, abort: () => {} };
}

/** Where the file goes; null if whoever was asked for a place gave none. */
async function destination(name, type, total) {
  if (total < MANY || !window.showSaveFilePicker) return download(name, type);
  try {
    const file = await window.showSaveFilePicker({ suggestedName: name });
    return await file.createWritable();
  } catch (error) {
    return error.name === "AbortError" ? null : download(name, type);
  }
}

async function write(to, { collection, names, filter, total, format }, { signal, progress }) {
  let done = 0;
  await to.write(format.begin(names));
  for await (const page of allRecords(collection, { filter, fields: [...new Set(["id", "created", ...names])].join() }, signal)) {
    await to.write(page.map((record) => format.line(names, record)).join(""));
    done += page.length;
    progress(Math.min(done, total), total);
  }
  if (signal.aborted) throw new Error(text.exports.cancelled);
  await to.close();
  return done;
}

/** Saves rows of texts as a table for a spreadsheet. */
export function saveCsv(name, header, rows) {
  const to = download(`${name}.csv`, "text/csv");
  to.write(`\ufeff${csvLine(header)}${rows.map((row) => csvLine(row.map(cell))).join("")}`);
  to.close();
}

async function save({ kind, name, ...what }) {
  const format = FORMATS[kind];
  const day = new Date().toISOString().slice(0, 10);
  const to = await destination(`${name}-${day}.${kind}`, format.type, what.total);
  if (!to) return;
  try {
    const done = await withProgress(text.exports.title, (work) => write(to, { ...what, format }, work));
    say(text.exports.done(number(done)));
  } catch (error) {
    await to.abort();
    say(error.message);
  }
}

/** The menu that saves what the list finds; `found()` is its filter and how many there are, `names()` the fields. */
export function exporter({ collection, name, names, found }) {
  const saver = (kind, words) => button(words, () => save({ collection, name, names: names(), kind, ...found() }));
  return menu(text.exports.button, el("div", { class: "choices" }, saver("csv", text.exports.csv), saver("jsonl", text.exports.jsonl)));
}
