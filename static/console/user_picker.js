// A box that finds a user by what people know of one, and gives the id.

import * as api from "./api.js";
import { button, el, link } from "./dom.js";
import { searchBox } from "./form.js";
import { contains } from "./search.js";
import { text } from "./texts.js";

const SEARCHED = ["users_phone", "users_name", "openid", "id", "email"];
const OFFERED = 6;
const PAUSE = 100;

const nameOf = (user) => user.users_name || user.users_phone || user.id;

function find(typed, signal) {
  const query = { filter: contains(typed, SEARCHED), perPage: OFFERED, skipTotal: 1, fields: "id,users_name,users_phone" };
  return api.get(`api/${api.USERS}/records`, query, signal);
}

/** The picker; `value` is an id, or what else events are about, if it `takesAnything`; `onchange` is told of another one. */
export function userPicker({ words, value = "", onchange, takesAnything = true, signal }) {
  const box = searchBox(words, text.users.placeholder, "");
  const offered = el("ul", { class: "offered", "aria-label": words });
  const chosen = el("p", { class: "picked", hidden: true });
  let picked = value;
  let newest = new AbortController();
  let pause;

  function show(name, isUser) {
    const shown = isUser ? link(name, `#/users/${picked}`) : el("b", {}, name);
    chosen.replaceChildren(el("span", {}, text.events.of, " ", shown), button(text.events.ofAll, () => pick("")));
    chosen.hidden = picked === "";
  }

  function pick(id, name = id, isUser = false) {
    stop();
    picked = id;
    box.value = "";
    offered.replaceChildren();
    show(name, isUser);
    onchange();
    box.focus();
  }

  function offer(users, typed) {
    const found = users.map((user) => [user.id, nameOf(user), user.users_phone]);
    const buttons = found.map(([id, name, phone]) => button([name, phone !== name && phone].filter(Boolean).join(" · "), () => pick(id, name, true)));
    if (takesAnything) buttons.push(button(text.events.asTyped(typed), () => pick(typed), { class: "quiet" }));
    const none = buttons.length === 0 ? el("li", { class: "hint" }, text.none) : "";
    offered.replaceChildren(none, ...buttons.map((it) => el("li", {}, it)));
  }

  function stop() {
    clearTimeout(pause);
    newest.abort();
  }

  async function look() {
    newest = new AbortController();
    const { signal: asked } = newest;
    const typed = box.value.trim();
    try {
      const { items } = await find(typed, asked);
      if (!asked.aborted) offer(items, typed);
    } catch (error) {
      if (!asked.aborted) offered.replaceChildren(el("li", { class: "wrong" }, error.message));
    }
  }

  function typing() {
    stop();
    if (box.value.trim() === "") offered.replaceChildren();
    else pause = setTimeout(look, PAUSE);
  }

  /** Enter takes the first that is offered. */
  function onkeydown(event) {
    if (event.key === "Enter") offered.querySelector("button")?.click();
    if (event.key === "Escape") offered.replaceChildren();
  }

  async function name() {
    if (picked === "") return;
    show(picked, false);
    try {
      show(nameOf(await api.get(`api/${api.USERS}/records/${encodeURIComponent(picked)}`, {}, signal)), true);
    } catch {
      // Not a user, or not any more: it is shown as it is.
    }
  }

  box.addEventListener("input", typing);
  box.addEventListener("keydown", onkeydown);
  signal.addEventListener("abort", stop);
  name();
  return { element: el("div", { class: "picker" }, box, offered), chosen, value: () => picked };
}
