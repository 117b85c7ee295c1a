// One company, or a new one: its columns as a form, or as JSON.

import * as api from "../api.js";
import { ask } from "../dialog.js";
import { busy, button, card, el, link, say, title } from "../dom.js";
import { editable, label } from "../fields.js";
import { changeNotice, followRecord } from "../followed.js";
import { labelled, recordForm, save, sending } from "../form.js";
import { leave, leaveOnlyIf } from "../router.js";
import { tabs } from "../tabs.js";
import { text, time } from "../texts.js";

const RECORDS = `api/${api.COMPANIES}/records`;

function pathOf({ id }) {
  return `${RECORDS}/${encodeURIComponent(id)}`;
}

function nameOf(company) {
  return company.company_name || company.company_id;
}

function saved(company) {
  say(text.saved);
  leave(`#/companies/${company.id}`);
}

function asForm(fields, record, send) {
  const form = recordForm(fields, record);
  const work = async () => saved(await save(form, send));
  return { ...form, element: sending({ rows: el("div", { class: "fields" }, form.elements), words: text.save, work }) };
}

function parsed(typed, fields) {
  let value;
  try {
    value = JSON.parse(typed);
  } catch (error) {
    throw new Error(text.company.notJson(error.message));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(text.company.noObject);
  const unknown = Object.keys(value).filter((name) => !fields.some((field) => field.name === name));
  if (unknown.length > 0) throw new Error(text.company.unknown(unknown.join(text.work.comma)));
  return value;
}

/** What the server says of fields, as one text: here they have no inputs of their own. */
async function sent(send, changes) {
  try {
    return await send(changes);
  } catch (error) {
    const problems = Object.entries(error.fields ?? {}).map(([name, problem]) => `${label(name)}: ${problem}`);
    throw problems.length > 0 ? new Error(problems.join(" ")) : error;
  }
}

function asJson(fields, record, send) {
  const written = (company) => JSON.stringify(Object.fromEntries(fields.map(({ name }) => [name, company[name]])), null, 2);
  let before = written(record);
  const row = labelled(text.company.json, el("textarea", { rows: 12, class: "code", spellcheck: "false", autocapitalize: "off" }, before), { hint: text.company.jsonHint });
  const isChanged = () => row.input.value !== before;
  const work = async () => saved(await sent(send, parsed(row.input.value, fields)));
  /** Follows the record, unless somebody writes. */
  const follow = (now) => {
    if (!isChanged()) row.input.value = before = written(now);
  };
  return { element: sending({ rows: row.element, words: text.save, work }), isChanged, follow };
}

/** Both ways to write; whoever has begun in one goes on in it. */
function editor(fields, record, send) {
  const form = asForm(fields, record, send);
  const json = asJson(fields, record, send);
  const isFormChanged = () => Object.keys(form.changes()).length > 0;
  leaveOnlyIf(() => isFormChanged() || json.isChanged());
  const mayLeave = () => {
    const isChanged = isFormChanged() || json.isChanged();
    if (isChanged) say(text.company.saveFirst);
    return !isChanged;
  };
  const element = tabs(text.company.views, [[text.company.form, form.element], [text.company.json, json.element]], mayLeave);
  const follow = (now) => {
    const wasWritten = json.isChanged();
    json.follow(now);
    const kept = form.follow(now);
    return wasWritten ? [...kept, "json"] : kept;
  };
  return { element, follow };
}

function remover(company, stopFollowing) {
  return button(text.remove, async (event) => {
    const pressed = event.currentTarget;
    if (!(await ask(text.company.removeQuestion(nameOf(company)), text.remove, { isDestructive: true }))) return;
    stopFollowing();
    try {
      await busy(pressed, () => api.remove(pathOf(company)));
      say(text.removed(nameOf(company)));
      leave("#/companies");
    } catch (error) {
      say(error.message);
    }
  }, { class: "danger" });
}

function facts(company) {
  const rows = [["id", company.id], ["created", time(company.created)], ["updated", time(company.updated)]];
  return el("dl", { class: "facts" }, rows.map(([name, value]) => el("div", {}, el("dt", {}, label(name)), el("dd", {}, value))));
}

function back() {
  return link(text.companies.back, "#/companies", { class: "back" });
}

export async function company({ parts: [id], signal }) {
  const readCompany = (get) => get(pathOf({ id }), {}, signal);
  const [found, collection] = await Promise.all([readCompany(api.get), api.get(`api/${api.COMPANIES}`, {}, signal)]);
  const edit = editor(editable(collection), found, (changes) => api.patch(pathOf(found), changes));
  const users = link(text.company.users, `#/users?company=${encodeURIComponent(found.company_id)}`, { class: "button" });
  const heading = title(nameOf(found));
  const known = el("div", {}, facts(found));
  const notice = changeNotice();
  const onchange = (now) => {
    Object.assign(found, now);
    heading.textContent = nameOf(found);
    known.replaceChildren(facts(found));
    notice.changed(edit.follow(found));
  };
  const stopFollowing = followRecord({ collection: api.COMPANIES, record: found, read: () => readCompany(api.getQuietly), onchange, onremove: notice.removed, signal });
  return el(
    "div",
    {},
    back(),
    heading,
    notice.element,
    card(text.company.facts, known, el("div", { class: "actions" }, users, remover(found, stopFollowing))),
    card(text.edit, edit.element),
  );
}

export async function newCompany({ signal }) {
  const collection = await api.get(`api/${api.COMPANIES}`, {}, signal);
  const edit = editor(editable(collection), {}, (changes) => api.post(RECORDS, changes));
  return el("div", {}, back(), title(text.companies.create), card(text.company.fields, edit.element));
}
