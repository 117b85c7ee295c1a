// One company, or a new one.

import * as api from "../api.js";
import { ask } from "../dialog.js";
import { busy, button, card, el, link, say, title } from "../dom.js";
import { editable, label } from "../fields.js";
import { recordForm, save, sending } from "../form.js";
import { leave, leaveOnlyIf } from "../router.js";
import { text, time } from "../texts.js";

const RECORDS = `api/${api.COMPANIES}/records`;

function pathOf({ id }) {
  return `${RECORDS}/${encodeURIComponent(id)}`;
}

function nameOf(company) {
  return company.company_name || company.company_id;
}

/** The form over the fields; `send` gets what is different, and gives the record as it then is. */
function editor(fields, record, send) {
  const form = recordForm(fields, record);
  const work = async () => {
    const saved = await save(form, send);
    say(text.saved);
    leave(`#/companies/${saved.id}`);
  };
  leaveOnlyIf(() => Object.keys(form.changes()).length > 0);
  return sending({ rows: el("div", { class: "fields" }, form.elements), words: text.save, work });
}

function remover(company) {
  return button(text.remove, async (event) => {
    const pressed = event.currentTarget;
    if (!(await ask(text.company.removeQuestion(nameOf(company)), text.remove, { isDestructive: true }))) return;
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
  const [found, collection] = await Promise.all([api.get(pathOf({ id }), {}, signal), api.get(`api/${api.COMPANIES}`, {}, signal)]);
  const form = editor(editable(collection), found, (changes) => api.patch(pathOf(found), changes));
  const users = link(text.company.users, `#/users?company=${encodeURIComponent(found.company_id)}`, { class: "button" });
  return el(
    "div",
    {},
    back(),
    title(nameOf(found)),
    card(text.company.facts, facts(found), el("div", { class: "actions" }, users, remover(found))),
    card(text.edit, form),
  );
}

export async function newCompany({ signal }) {
  const collection = await api.get(`api/${api.COMPANIES}`, {}, signal);
  const form = editor(editable(collection), {}, (changes) => api.post(RECORDS, changes));
  return el("div", {}, back(), title(text.companies.create), card(text.company.fields, form));
}
