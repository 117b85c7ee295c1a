// Elements. What users typed is only ever text: nothing here reads HTML.

/** An element with attributes (`on…` is a listener; true and false set and leave out) and children: elements and texts. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== ""));
  return element;
}

export function button(label, onclick, attributes = {}) {
  return el("button", { type: "button", onclick, ...attributes }, label);
}

export function link(label, href, attributes = {}) {
  return el("a", { href, ...attributes }, label);
}

/** A heading that takes the focus when its view is shown. */
export function title(text) {
  return el("h1", { tabindex: "-1" }, text);
}

/** A part of a page with a heading of its own. */
export function card(heading, ...children) {
  return el("section", { class: "card" }, el("h2", {}, heading), ...children);
}

/** Runs `work` with the button disabled, so that nothing is sent twice. */
export async function busy(button, work) {
  button.disabled = true;
  try {
    return await work();
  } finally {
    button.disabled = false;
  }
}

let sayNothing;

/** Tells what was done, for a while; screen readers read it out. */
export function say(text) {
  const said = document.getElementById("said");
  said.textContent = text;
  clearTimeout(sayNothing);
  sayNothing = setTimeout(() => (said.textContent = ""), 8000);
}

/** A box that says what went wrong; screen readers read it out. */
export function problem(text, ...children) {
  return el("div", { class: "problem", role: "alert" }, el("p", {}, text), ...children);
}

/** Content below a word that opens it; Escape and a click elsewhere close it. */
export function menu(words, content) {
  const element = el("details", { class: "menu" }, el("summary", {}, words), content);
  const close = (event) => {
    const isElsewhere = event.type === "click" && !element.contains(event.target);
    if (isElsewhere || event.key === "Escape" || !element.isConnected) element.open = false;
  };
  element.addEventListener("toggle", () => {
    const listen = element.open ? addEventListener : removeEventListener;
    listen("click", close);
    listen("keydown", close);
  });
  return element;
}
