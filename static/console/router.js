// Views by the hash of the address: `#/users?q=138`.

import { el, problem } from "./dom.js";
import { text } from "./texts.js";

let routes = [];
let shown = "";
let isChanged = () => false;
let askToLeave = async () => true;
let running = new AbortController();

function place() {
  const [path, query = ""] = location.hash.slice(1).split("?");
  return { path: path || "/", query: new URLSearchParams(query) };
}

async function find({ path, query }, signal) {
  for (const [pattern, view] of routes) {
    const found = path.match(pattern);
    if (found) return view({ parts: found.slice(1).map(decodeURIComponent), query, signal });
  }
  return problem(text.errors.noView);
}

/** Says when leaving the view would lose something. */
export function leaveOnlyIf(changed) {
  isChanged = changed;
}

/** Whether the view may be left: nothing is changed, or the changes are not wanted. */
export async function mayLeave() {
  return !isChanged() || (await askToLeave());
}

export function go(hash) {
  if (location.hash === hash) show();
  else location.hash = hash;
}

/** Leaves a view whose changes are saved, or not wanted. */
export function leave(hash) {
  isChanged = () => false;
  go(hash);
}

/** Notes what a view shows in its address, without showing it anew. */
export function note(query) {
  const kept = Object.entries(query).filter(([, value]) => value !== "" && value !== undefined);
  const search = new URLSearchParams(kept).toString();
  shown = `#${place().path}${search ? `?${search}` : ""}`;
  history.replaceState(null, "", shown);
}

async function moved() {
  const wanted = location.hash;
  if (wanted === shown) return;
  if (isChanged()) {
    history.replaceState(null, "", shown);
    if (!(await mayLeave())) return;
    history.replaceState(null, "", wanted);
  }
  show();
}

async function rendered(signal) {
  try {
    return await find(place(), signal);
  } catch (error) {
    if (signal.aborted) return null;
    const again = el("button", { type: "button", onclick: show }, text.again);
    return problem(error.message, again);
  }
}

/** Shows the view of the address; the newest navigation wins. */
export async function show() {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  shown = location.hash;
  isChanged = () => false;
  const main = document.querySelector("main");
  main.setAttribute("aria-busy", "true");
  const view = await rendered(signal);
  if (signal.aborted) return;
  main.removeAttribute("aria-busy");
  main.replaceChildren(view);
  const heading = main.querySelector("h1");
  document.title = `${heading?.textContent ?? text.name} · bai`;
  (heading ?? main).focus({ preventScroll: true });
  scrollTo(0, 0);
  markNavigation();
}

function markNavigation() {
  const { path } = place();
  for (const link of document.querySelectorAll("nav a")) {
    const target = link.getAttribute("href").slice(1);
    const isHere = target === "/" ? path === "/" : path === target || path.startsWith(`${target}/`);
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

export function start(views, ask) {
  routes = views;
  askToLeave = ask;
  addEventListener("hashchange", moved);
  addEventListener("beforeunload", (event) => {
    if (isChanged()) event.preventDefault();
  });
  return show();
}
