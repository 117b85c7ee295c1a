// Superusers: who they are, and a new one.

import * as api from "../api.js";
import { passwordInputs, sendTyped } from "../actions.js";
import { card, el, link, say, title } from "../dom.js";
import { label } from "../fields.js";
import { labelled, sending } from "../form.js";
import { onceAtATime, subscribe } from "../live.js";
import { leave, leaveOnlyIf } from "../router.js";
import * as session from "../session.js";
import { table } from "../table.js";
import { text, time } from "../texts.js";

const MOST = 500;

function name(superuser) {
  const own = superuser.id === session.current()?.id && el("span", { class: "badge" }, text.superusers.you);
  return [link(superuser.email, `#/superusers/${superuser.id}`), " ", own || ""];
}

const COLUMNS = [
  { label: label("email"), cell: (superuser) => el("span", {}, name(superuser)) },
  { label: label("created"), cell: (superuser) => time(superuser.created) },
  { label: label("updated"), wide: true, cell: (superuser) => time(superuser.updated) },
];

/** All superusers, by address. */
export async function allSuperusers(signal, get = api.get) {
  return (await get(`api/${api.SUPERUSERS}/records`, { sort: "email", perPage: MOST, skipTotal: 1 }, signal)).items;
}

function superuserTable(items) {
  return table({ caption: text.superusers.title, columns: COLUMNS, items, sort: "", onsort: () => {} });
}

export async function superusers({ signal }) {
  const shown = el("div", {}, superuserTable(await allSuperusers(signal)));
  const follow = onceAtATime(async () => shown.replaceChildren(superuserTable(await allSuperusers(signal, api.getQuietly))));
  subscribe("_superusers/*", follow, { onreturn: follow, signal });
  // What changed after the list was read, and before somebody listened.
  follow();
  return el(
    "div",
    {},
    el("div", { class: "heading" }, title(text.superusers.title), link(text.superusers.create, "#/superusers/new", { class: "button main" })),
    el("p", { class: "lead" }, text.superusers.lead),
    shown,
  );
}

export async function newSuperuser() {
  const address = labelled(label("email"), el("input", { type: "email", autocomplete: "off", spellcheck: "false" }));
  const inputs = passwordInputs(text.superusers.passwordHint);
  const rows = [["email", address], ...inputs.rows];
  const work = async () => {
    let made;
    const body = { email: address.input.value.trim(), ...inputs.body() };
    await sendTyped(rows, async () => (made = await api.post(`api/${api.SUPERUSERS}/records`, body)));
    say(text.superusers.created(made.email));
    leave(`#/superusers/${made.id}`);
  };
  leaveOnlyIf(() => address.input.value !== "" || inputs.isChanged());
  const fields = el("div", { class: "fields" }, rows.map(([, { element }]) => element));
  return el(
    "div",
    {},
    link(text.superusers.back, "#/superusers", { class: "back" }),
    title(text.superusers.create),
    card(text.superusers.login, sending({ rows: fields, words: text.save, work })),
  );
}
