// A list that follows what is typed and chosen, and what changes elsewhere: the newest question wins, and the address notes it.

import * as api from "./api.js";
import { el, problem } from "./dom.js";
import * as live from "./live.js";
import { note } from "./router.js";
import { number, text } from "./texts.js";
import { pager, table } from "./table.js";

const PER_PAGE = 50;
const PAUSE = 150;
/** Milliseconds more before all records are looked at, when first hits are shown: whoever goes on typing does not want them looked at. */
const SECOND_PAUSE = 200;
/** Milliseconds after a change elsewhere until the list is read again: more if reading it takes long. */
const REFRESH = 2000;
const REST = 10;

/** Records that several lists have found, each once, newest first. */
function merged(pages) {
  const found = new Map(pages.flatMap(({ items }) => items).map((item) => [item.id, item]));
  return [...found.values()].sort((a, b) => (a.created < b.created ? 1 : -1));
}

/** A page of what was typed as a whole: one record, and nothing that contains it. */
function single(item) {
  return { items: [item], page: 1, perPage: PER_PAGE, totalItems: 1, totalPages: 1 };
}

/** The rows: those that begin with what was typed go first, and are not shown twice. */
function groupsOf({ items }, first) {
  const shown = new Set(first.map(({ id }) => id));
  const rest = items.filter(({ id }) => !shown.has(id));
  if (first.length === 0 || rest.length === 0) return [{ items: [...first, ...rest] }];
  return [{ heading: text.search.begins, items: first }, { heading: text.search.contains, items: rest }];
}

/** Where the focus is in the list, for it to be there again once the rows are new. */
function focusIn(element) {
  const focused = document.activeElement;
  const id = element.contains(focused) && focused.closest("tr")?.dataset.id;
  if (!id) return () => {};
  const stops = (row) => [...row.querySelectorAll("a, button, input")];
  const place = stops(focused.closest("tr")).indexOf(focused);
  return () => stops(element.querySelector(`tr[data-id="${CSS.escape(id)}"]`) ?? el("tr"))[place]?.focus();
}

/**
 * The list of a collection; `columns()` are those that are shown now; `ask()` gives the state of the controls (for the address), the filter that they
 * are, filters that find first hits at once, and whether a record is the one that was named. `onshown(items)` hears what is shown.
 */
export function list({ path, caption, columns, query, ask, defaultSort, onproblem, onshown, signal }) {
  const element = el("div", { class: "list" });
  const count = el("p", { class: "count", role: "status" });
  let sort = query.get("sort") || defaultSort;
  let page = Number(query.get("page")) || 1;
  let newest = new AbortController();
  let answer;
  let first = [];
  let took = 0;
  let pause;
  let refresh;
  signal.addEventListener("abort", () => {
    clearTimeout(pause);
    clearTimeout(refresh);
    newest.abort();
  });

  function show() {
    const refocus = focusIn(element);
    const onsort = (wanted) => turn(() => ([sort, page] = [wanted, 1]), `[data-sort="${wanted.replace("-", "")}"]`);
    const onpage = (wanted) => turn(() => (page = wanted));
    const groups = groupsOf(answer, page === 1 ? first : []);
    const pages = answer.totalItems === undefined ? "" : pager(answer, onpage);
    element.replaceChildren(table({ caption, columns: columns(), groups, sort, onsort }), pages);
    element.classList.remove("stale");
    onshown?.(groups.flatMap(({ items }) => items));
    refocus();
  }

  async function turn(change, focused) {
    change();
    await load();
    element.querySelector(focused ?? ".table")?.focus();
  }

  const records = (question, asked, get = api.get) => get(`api/${path}/records`, { page: 1, perPage: PER_PAGE, ...question }, asked);

  /** First hits, from indexes: they are shown at once, while the others are looked for. */
  async function loadFirst({ begins = [], isNamed }, asked) {
    const pages = await Promise.all(begins.map((filter) => records({ filter, skipTotal: 1 }, asked)));
    const found = merged(pages);
    const named = found.find((item) => isNamed(item));
    first = named ? [named] : found.slice(0, PER_PAGE);
    return named;
  }

  async function loadAll(question, asked) {
    const begun = performance.now();
    first = [];
    if (page === 1 && question.begins?.length > 0) {
      const named = await loadFirst(question, asked);
      if (named) return single(named);
      if (asked.aborted) return null;
      if (first.length > 0) await showFirst();
      if (asked.aborted) return null;
    }
    const found = await records({ filter: question.filter, sort, page }, asked);
    took = performance.now() - begun;
    return found;
  }

  async function showFirst() {
    answer = { items: [] };
    count.textContent = text.search.looking(number(first.length));
    show();
    await new Promise((go) => setTimeout(go, SECOND_PAUSE));
  }

  async function load() {
    clearTimeout(pause);
    newest.abort();
    newest = new AbortController();
    const { signal: asked } = newest;
    const { state, ...question } = ask();
    note({ ...state, sort: sort === defaultSort ? "" : sort, page: page === 1 ? "" : page });
    element.setAttribute("aria-busy", "true");
    element.classList.add("stale");
    try {
      const found = await loadAll(question, asked);
      if (asked.aborted) return;
      answer = found;
      onproblem?.(null);
      count.textContent = text.found(number(answer.totalItems));
      show();
    } catch (error) {
      if (asked.aborted) return;
      count.textContent = "";
      if (!(await onproblem?.(error))) element.replaceChildren(problem(error.message));
    }
    element.removeAttribute("aria-busy");
  }

  /** After a change of the controls: the first page, once nobody types any more. */
  function changed() {
    page = 1;
    clearTimeout(pause);
    pause = setTimeout(load, PAUSE);
  }

  /** Reads the page again and shows what is different, without a word. */
  async function reload() {
    clearTimeout(refresh);
    refresh = undefined;
    if (element.hasAttribute("aria-busy")) return refreshLater();
    const { signal: asked } = newest;
    const found = await loadAgain(asked).catch(() => null);
    if (asked.aborted || !found) return;
    const isSame = JSON.stringify(found) === JSON.stringify(answer);
    answer = found;
    count.textContent = text.found(number(answer.totalItems));
    if (!isSame) show();
  }

  async function loadAgain(asked) {
    const begun = performance.now();
    const { filter } = ask();
    const found = await records({ filter, sort, page }, asked, api.getQuietly);
    took = performance.now() - begun;
    const now = new Map(found.items.map((item) => [item.id, item]));
    first = first.filter(({ id }) => now.has(id)).map(({ id }) => now.get(id));
    return found;
  }

  function refreshLater() {
    refresh ??= setTimeout(reload, REFRESH + REST * took);
  }

  /** What was changed elsewhere is shown at once; whether it still belongs here, and what is new, a little later. */
  function hear({ action, record }) {
    refreshLater();
    if (action !== "update" || !answer) return;
    const replaced = (item) => (item.id === record.id ? record : item);
    const isShown = [...answer.items, ...first].some(({ id }) => id === record.id);
    answer = { ...answer, items: answer.items.map(replaced) };
    first = first.map(replaced);
    if (isShown) show();
  }

  live.subscribe(`${path.split("/").at(-1)}/*`, hear, { onreturn: refreshLater, signal });

  const found = () => ({ filter: ask().filter, total: answer?.totalItems ?? 0 });
  return { element, count, load, changed, reload, found, redraw: () => answer && show() };
}
