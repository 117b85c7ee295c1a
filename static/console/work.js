// Long work: its progress, a button that cancels it between two steps, and a warning to whoever closes the tab meanwhile.

import { ask } from "./dialog.js";
import { button, el } from "./dom.js";
import { number, text } from "./texts.js";

function warn(event) {
  event.preventDefault();
}

/** A dialog that shows how far the work is; it is opened again if a sign-in in between has closed it. */
function progressDialog(title, cancel) {
  const bar = el("progress", { "aria-label": title });
  const words = el("p", { role: "status", class: "hint" });
  const stop = button(text.cancel, () => {
    stop.disabled = true;
    cancel();
  });
  const oncancel = (event) => {
    event.preventDefault();
    stop.click();
  };
  const dialog = el("dialog", { "aria-labelledby": "work", class: "work", oncancel }, el("p", { id: "work" }, title), bar, words, el("div", { class: "actions" }, stop));
  document.body.append(dialog);
  const show = (done, total) => {
    if (!dialog.open) dialog.showModal();
    if (total) [bar.max, bar.value] = [total, done];
    words.textContent = total ? text.work.doneOf(number(done), number(total)) : text.work.done(number(done));
  };
  return { show, remove: () => dialog.remove() };
}

/** Does `work({signal, progress(done, total)})`; it looks at the signal between its steps, and gives back what it came to until then. */
export async function withProgress(title, work) {
  const cancelled = new AbortController();
  const { show, remove } = progressDialog(title, () => cancelled.abort());
  addEventListener("beforeunload", warn);
  show(0);
  try {
    return await work({ signal: cancelled.signal, progress: show });
  } finally {
    removeEventListener("beforeunload", warn);
    remove();
  }
}

/** Items of which each `size` are done at once. */
export function* chunks(items, size) {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

const LISTED = 10;

/** Names of a few, and how many there are besides. */
export function listed(names) {
  const shown = names.slice(0, LISTED).join(text.work.comma);
  return names.length > LISTED ? text.work.andMore(shown, number(names.length - LISTED)) : shown;
}

/** Shows what long work came to, line by line, until it is read. */
export function report(title, lines) {
  return ask(title, text.close, { details: el("ul", { class: "report" }, lines.map((line) => el("li", {}, line))), isNotice: true });
}
