// Settings: the effective configuration, what each key means, and who set it. Nothing is changed here.

import * as api from "../api.js";
import { card, el, title } from "../dom.js";
import { labelled, searchBox } from "../form.js";
import { note } from "../router.js";
import { language, text } from "../texts.js";

/** Meanings in the language of the page; the server tells them in English. */
const translated = language === "zh" ? (await import("../texts/settings_zh.js")).meanings : {};

function source({ source: kind, origin, default: usual, value }) {
  if (kind === "default") return el("span", { class: "hint" }, text.settings.sources.default);
  const instead = value === usual ? "" : el("span", { class: "hint" }, text.settings.instead, el("code", {}, usual));
  return [el("span", { class: "badge" }, text.settings.sources[kind]), " ", el("code", {}, origin), " ", instead];
}

function meaning({ key, meaning: words }) {
  return translated[key] ?? words;
}

function entry(item) {
  return el(
    "div",
    { class: "setting" },
    el("dt", {}, el("code", {}, item.key)),
    el("dd", { class: "value" }, el("code", {}, item.value), el("span", {}, source(item))),
    el("dd", { class: "meaning" }, meaning(item)),
  );
}

function isFound(item, wanted) {
  const texts = [item.key, item.value, item.variable, item.meaning, meaning(item)];
  return wanted.split(/\s+/).every((word) => texts.some((it) => it.toLowerCase().includes(word)));
}

/** The section of a key; one that is in none is a list of tables. */
function sectionOf({ key }) {
  return key.includes(".") ? key.split(".").slice(0, -1).join(".") : `[${key}]`;
}

/** Keys that the search box and the choice leave, by section. */
function sections(items) {
  const names = [...new Set(items.map(sectionOf))];
  return names.map((name) => {
    const found = items.filter((item) => sectionOf(item) === name);
    return card(el("code", {}, `[${name}]`), el("dl", { class: "settings" }, found.map(entry)));
  });
}

export async function settings({ query, signal }) {
  const { file, items } = await api.get("api/config", {}, signal);
  const box = searchBox(text.settings.search, text.settings.placeholder, query.get("q"));
  const set = labelled(text.settings.onlySet, el("input", { type: "checkbox", checked: query.get("set") === "1" }));
  const shown = el("div", {});
  const count = el("p", { class: "count", role: "status" });
  const show = () => {
    const wanted = box.value.trim().toLowerCase();
    const found = items.filter((item) => isFound(item, wanted) && (!set.input.checked || item.source !== "default"));
    note({ q: box.value, set: set.input.checked ? "1" : "" });
    count.textContent = text.found(found.length);
    shown.replaceChildren(...sections(found));
  };
  box.addEventListener("input", show);
  set.input.addEventListener("change", show);
  show();
  const controls = el("form", { class: "controls beside", role: "search", onsubmit: (event) => event.preventDefault() }, box, set.element);
  return el("div", {}, title(text.settings.title), el("p", { class: "lead" }, text.settings.lead(file)), controls, count, shown);
}
