// Tabs: one of several parts is shown; the arrow keys go from one to the next.

import { button, el } from "./dom.js";

/** `parts` are `[words, element]`; `mayLeave()` says whether the part that is shown may be left. */
export function tabs(label, parts, mayLeave) {
  const panels = parts.map(([words, element]) => el("div", { role: "tabpanel", "aria-label": words }, element));
  const heads = parts.map(([words], place) => button(words, () => choose(place), { role: "tab", onkeydown: (event) => step(event, place) }));

  function show(chosen) {
    heads.forEach((head, place) => {
      head.setAttribute("aria-selected", String(place === chosen));
      head.tabIndex = place === chosen ? 0 : -1;
      panels[place].hidden = place !== chosen;
    });
  }

  function choose(place) {
    if (heads[place].getAttribute("aria-selected") === "true" || !mayLeave()) return;
    show(place);
    heads[place].focus();
  }

  function step({ key }, place) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (by) choose((place + by + heads.length) % heads.length);
  }

  show(0);
  return el("div", { class: "tabs" }, el("div", { role: "tablist", "aria-label": label }, heads), panels);
}
