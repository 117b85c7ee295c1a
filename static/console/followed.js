// A record on its page that is changed elsewhere.

import { el } from "./dom.js";
import { label } from "./fields.js";
import * as live from "./live.js";
import { text } from "./texts.js";

/** Milliseconds for the answer to a change of this page to come, of which the stream tells as well. */
const PAUSE = 300;

function isKnown(record, now) {
  return Object.entries(now).every(([name, value]) => JSON.stringify(value) === JSON.stringify(record[name]));
}

/** Calls `onchange(record)` when the record is another one than that which the page knows, and `onremove()` when it is gone; gives what ends it. */
export function followRecord({ collection, record, read, onchange, onremove, signal }) {
  let pause;
  const readAgain = live.onceAtATime(async () => {
    try {
      const now = await read();
      if (!signal.aborted && !isKnown(record, now)) await onchange(now);
    } catch (error) {
      if (!signal.aborted && error.status === 404) onremove();
    }
  });
  const readSoon = () => {
    clearTimeout(pause);
    pause = setTimeout(readAgain, PAUSE);
  };
  const hear = ({ action }) => {
    if (action !== "delete") return readSoon();
    stop();
    onremove();
  };
  // What changed after the page was read, and before somebody listened.
  readSoon();
  const end = live.subscribe(`${collection.split("/").at(-1)}/${record.id}`, hear, { onreturn: readSoon, signal });
  const stop = () => {
    clearTimeout(pause);
    end();
  };
  signal.addEventListener("abort", stop);
  return stop;
}

/** A place above the form that says what happened elsewhere. */
export function changeNotice() {
  const element = el("p", { class: "warning", role: "status" });
  const changed = (names) => (element.textContent = names.length > 0 ? text.followed.changed(names.map(label).join(text.work.comma)) : "");
  const removed = () => (element.textContent = text.followed.removed);
  return { element, changed, removed };
}
