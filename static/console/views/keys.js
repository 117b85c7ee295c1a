// Keys that tokens are encrypted with: which makes tokens, until when the older ones verify, a new one.

import * as api from "../api.js";
import { askingButton } from "../actions.js";
import { el, title } from "../dom.js";
import { table } from "../table.js";
import { text, time } from "../texts.js";

function state({ signs, verifiesUntil, isExpired }) {
  if (signs) return el("span", { class: "badge" }, text.keys.signs);
  return isExpired ? text.keys.over : text.keys.until(time(verifiesUntil));
}

const COLUMNS = [
  { label: text.keys.state, cell: state },
  { label: text.keys.since, cell: ({ created }) => time(created) },
  { label: text.keys.id, wide: true, cell: ({ id }) => el("code", {}, id) },
];

/** The newest first. */
function keyTable({ items }) {
  return table({ caption: text.keys.title, columns: COLUMNS, items: [...items].reverse(), sort: "", onsort: () => {} });
}

export async function keys({ signal }) {
  const shown = el("div", {}, keyTable(await api.get("api/keys", {}, signal)));
  const rotate = async () => shown.replaceChildren(keyTable(await api.post("api/keys")));
  return el(
    "div",
    {},
    el("div", { class: "heading" }, title(text.keys.title), askingButton(text.keys.rotate, text.keys.question, rotate, text.keys.rotated, { class: "main" })),
    el("p", { class: "lead" }, text.keys.lead),
    shown,
  );
}
