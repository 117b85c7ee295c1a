// Records of a list that are chosen, across its pages, and what is done with all of them.

import { allRecords } from "./all_records.js";
import { changeAll } from "./bulk.js";
import { ask } from "./dialog.js";
import { button, el, say } from "./dom.js";
import { number, text } from "./texts.js";
import { listed, report, withProgress } from "./work.js";

function checkbox(words, checked, onchange) {
  return el("input", { type: "checkbox", "aria-label": words, checked, onchange });
}

/** What came of a change of many, to be read if not all went well. */
async function tell({ changed, failed, error }, total, nameOf) {
  const words = text.bulk.changed(number(changed.length), number(total));
  if (failed.length === 0 && !error) return say(words);
  const lines = failed.map(({ record, why }) => `${nameOf(record)}: ${why}`);
  await report(words, error ? [...lines, text.bulk.stopped(error.message)] : lines);
}

/**
 * The choice of records of a collection. `actions` are `{words, question(count), requestOf, isDestructive}`; `found()` says which filter the list has
 * and how many records it finds; `onchanged()` is called after a change of the records.
 */
export function selection({ collection, nameOf, fields, actions, found, onchanged }) {
  const chosen = new Map();
  let shown = [];
  const element = el("div", { class: "chosen", role: "region", "aria-label": text.bulk.title, hidden: true });
  const count = el("span", { role: "status" });
  const everything = button("", chooseAll, { class: "quiet" });
  const pageBox = checkbox(text.bulk.choosePage, false, ({ target }) => choosePage(target.checked));

  function show() {
    element.hidden = chosen.size === 0;
    count.textContent = chosen.size === 0 ? "" : text.bulk.chosen(number(chosen.size));
    const { total } = found();
    everything.hidden = chosen.size >= total || !shown.every(({ id }) => chosen.has(id));
    everything.textContent = text.bulk.chooseAll(number(total));
    const here = shown.filter(({ id }) => chosen.has(id)).length;
    pageBox.checked = here > 0 && here === shown.length;
    pageBox.indeterminate = here > 0 && here < shown.length;
  }

  function set(record, isChosen) {
    if (isChosen) chosen.set(record.id, record);
    else chosen.delete(record.id);
  }

  function choosePage(isChosen) {
    for (const record of shown) set(record, isChosen);
    for (const box of document.querySelectorAll(".list td input[type=checkbox]")) box.checked = isChosen;
    show();
  }

  async function chooseAll() {
    const { filter, total } = found();
    await withProgress(text.bulk.choosing, async ({ signal, progress }) => {
      for await (const page of allRecords(collection, { filter, fields: ["id", "created", ...fields].join() }, signal)) {
        for (const record of page) set(record, true);
        progress(Math.min(chosen.size, total), total);
      }
    }).catch((error) => say(error.message));
    show();
  }

  function clear() {
    chosen.clear();
    for (const box of document.querySelectorAll(".list input[type=checkbox]")) box.checked = false;
    show();
  }

  async function run({ words, question, requestOf, isDestructive }) {
    const records = [...chosen.values()];
    const details = el("p", { class: "hint" }, listed(records.map(nameOf)));
    if (!(await ask(question(number(records.length)), words, { isDestructive, details }))) return;
    const outcome = await withProgress(words, (work) => changeAll(records, requestOf, work));
    outcome.changed.forEach(({ id }) => chosen.delete(id));
    await onchanged();
    show();
    await tell(outcome, records.length, nameOf);
  }

  const buttons = actions.map((action) => button(action.words, () => run(action), { class: action.isDestructive ? "danger" : undefined }));
  element.append(count, everything, ...buttons, button(text.bulk.clear, clear, { class: "quiet" }));
  const box = (record) => checkbox(text.bulk.choose(nameOf(record)), chosen.has(record.id), ({ target }) => {
    set(record, target.checked);
    show();
  });
  /** The column with a box before what it shows. */
  const within = (column) => ({ ...column, before: pageBox, cell: (record) => el("div", { class: "choice" }, box(record), column.cell(record)) });
  /** Follows what the list shows now. */
  const showing = (records) => {
    shown = records;
    show();
  };
  return { element, within, clear, showing };
}
