// Forms of records, made of what the server says of their fields.

import { el } from "./dom.js";
import { choices, label } from "./fields.js";
import { text } from "./texts.js";

const LONG = 255;
let lastId = 0;

function asText(value) {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? "");
}

/** Whether the API takes lists or objects for the field. */
function isJson({ type, maxSelect }) {
  return ["json", "geoPoint"].includes(type) || maxSelect > 1;
}

/** Blank is 0, as PocketBase has it. */
function isNumber(value) {
  return Number.isFinite(Number(value));
}

function select(options, value) {
  const known = options.some(([name]) => name === value) ? options : [[value, value], ...options];
  return el("select", {}, known.map(([name, words]) => el("option", { value: name, selected: name === value }, words)));
}

/** The input for a value of the field. */
export function control(field, value) {
  const options = choices(field);
  if (options) return select(options, asText(value));
  if (field.type === "bool") return el("input", { type: "checkbox", checked: value === true });
  if (field.type === "number") return el("input", { type: "text", inputmode: "decimal", autocomplete: "off", value: asText(value) });
  if (isJson(field) || field.type === "editor") return el("textarea", { rows: 3, spellcheck: "false" }, asText(value));
  if (field.type === "text" && field.max > LONG) return el("textarea", { rows: 2 }, asText(value));
  return el("input", { type: field.type === "email" ? "email" : "text", autocomplete: "off", value: asText(value) });
}

/** The value as the API takes it. What is not JSON is sent as text, for the server to say what is wrong. */
function read(field, input) {
  if (input.type === "checkbox") return input.checked;
  if (field.type === "number") return isNumber(input.value) ? Number(input.value) : input.value;
  if (!isJson(field)) return input.value;
  try {
    return JSON.parse(input.value);
  } catch {
    return input.value;
  }
}

function setValue(field, input, value) {
  const { value: wanted, checked } = control(field, value);
  if (input.tagName === "SELECT" && ![...input.options].some((it) => it.value === wanted)) input.append(el("option", { value: wanted }, wanted));
  if (input.type === "checkbox") input.checked = checked;
  else input.value = wanted;
}

/** An input below its label, with room for what is wrong with it. */
export function labelled(words, input, { hint } = {}) {
  input.id = `input-${(lastId += 1)}`;
  const wrong = el("p", { class: "wrong", id: `${input.id}-wrong` });
  const about = hint && el("p", { class: "hint", id: `${input.id}-hint` }, hint);
  input.setAttribute("aria-describedby", `${input.id}-wrong${about ? ` ${input.id}-hint` : ""}`);
  const element = el("div", { class: `field ${input.type}` }, el("label", { for: input.id }, words), input, about, wrong);
  const setProblem = (problem) => {
    wrong.textContent = problem ?? "";
    input.setAttribute("aria-invalid", String(Boolean(problem)));
  };
  return { element, input, setProblem };
}

export function searchBox(words, placeholder, value) {
  return el("input", { type: "search", "aria-label": words, placeholder, value, autocomplete: "off", spellcheck: "false" });
}

/** A form over the fields of a record. */
export function recordForm(fields, record) {
  const rows = fields.map((field) => {
    const input = control(field, record[field.name]);
    const hint = text.hints[field.name];
    return { field, ...labelled(label(field.name), input, { hint }), before: JSON.stringify(read(field, input)) };
  });
  return {
    elements: rows.map(({ element }) => element),
    input: (name) => rows.find(({ field }) => field.name === name)?.input,
    /** What differs from what the record had. */
    changes() {
      const changed = rows.filter(({ field, input, before }) => JSON.stringify(read(field, input)) !== before);
      return Object.fromEntries(changed.map(({ field, input }) => [field.name, read(field, input)]));
    },
    /** Shows a value that is saved already. */
    set(name, value) {
      const row = rows.find(({ field }) => field.name === name);
      if (!row) return;
      setValue(row.field, row.input, value);
      row.before = JSON.stringify(read(row.field, row.input));
    },
    /** Follows a record that was changed elsewhere. Nothing that somebody has typed is overwritten: these fields are given back, if they are others now. */
    follow(now) {
      const typed = this.changes();
      const differs = ({ field, before }) => JSON.stringify(read(field, control(field, now[field.name]))) !== before;
      const changed = rows.filter(differs).map(({ field }) => field.name);
      for (const name of changed) if (!(name in typed)) this.set(name, now[name]);
      return changed.filter((name) => name in typed);
    },
    /** Numbers that are none: PocketBase would take them for 0. */
    problems() {
      const wrong = rows.filter(({ field, input }) => field.type === "number" && !isNumber(input.value));
      return Object.fromEntries(wrong.map(({ field }) => [field.name, text.errors.number]));
    },
    showProblems: (problems) => showProblems(rows.map((row) => [row.field.name, row]), problems),
  };
}

/** Sends the changes of a form; what the server says of a field is shown at it, and of others in the error. */
export async function save(form, send) {
  const problems = form.problems();
  form.showProblems(problems);
  if (Object.keys(problems).length > 0) throw new Error(text.errors.marked);
  try {
    return await send(form.changes());
  } catch (error) {
    const rest = form.showProblems(error.fields ?? {});
    throw rest.length > 0 ? new Error(rest.join(" ")) : error;
  }
}

/** Goes to the input, and to the place in it that the server's words name ("at byte 13"). */
function pointAt(input, problem) {
  input.focus();
  const place = /at byte (\d+)/.exec(problem)?.[1];
  if (!place) return;
  const before = new TextEncoder().encode(input.value).slice(0, Number(place));
  input.setSelectionRange(new TextDecoder().decode(before).length, input.value.length);
}

/** Shows each problem at its input, and goes to the first; the others are given back. */
export function showProblems(rows, problems) {
  for (const [name, row] of rows) row.setProblem(problems[name]);
  const first = rows.find(([name]) => problems[name]);
  if (first) pointAt(first[1].input, problems[first[0]]);
  const shown = rows.map(([name]) => name);
  return Object.entries(problems).filter(([name]) => !shown.includes(name)).map(([name, problem]) => `${label(name)}: ${problem}`);
}

/** A form that sends: `work` is done once at a time, and its error shown above the button. */
export function sending({ rows, words, work, more = [], attributes = {} }) {
  const submit = el("button", { class: "main" }, words);
  const message = el("p", { class: "problem-text", role: "alert" });
  const onsubmit = async (event) => {
    event.preventDefault();
    message.textContent = "";
    submit.disabled = true;
    try {
      await work();
    } catch (error) {
      message.textContent = error.message;
    } finally {
      submit.disabled = false;
    }
  };
  return el("form", { onsubmit, novalidate: true, ...attributes }, rows, message, el("div", { class: "actions" }, submit, more));
}
