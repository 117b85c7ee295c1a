// A list that follows what is typed and chosen: the newest question wins, and the address notes it.

import * as api from "./api.js";
import { el, problem } from "./dom.js";
import { note } from "./router.js";
import { number, text } from "./texts.js";
import { pager, table } from "./table.js";

const PER_PAGE = 50;
const PAUSE = 200;

/** The list of a collection; `ask()` gives the state of the controls (for the address) and the filter that they are. */
export function list({ path, caption, columns, query, ask, defaultSort, onproblem, signal }) {
  const element = el("div", { class: "list" });
  const count = el("p", { class: "count", role: "status" });
  let sort = query.get("sort") || defaultSort;
  let page = Number(query.get("page")) || 1;
  let newest = new AbortController();
  let pause;
  signal.addEventListener("abort", () => {
    clearTimeout(pause);
    newest.abort();
  });

  function shownPage(found) {
    const onsort = (wanted) => turn(() => ([sort, page] = [wanted, 1]), `[data-sort="${wanted.replace("-", "")}"]`);
    const onpage = (wanted) => turn(() => (page = wanted));
    count.textContent = text.found(number(found.totalItems));
    return [table({ caption, columns, items: found.items, sort, onsort }), pager(found, onpage)];
  }

  async function turn(change, focused) {
    change();
    await load();
    element.querySelector(focused ?? ".table")?.focus();
  }

  async function load() {
    clearTimeout(pause);
    newest.abort();
    newest = new AbortController();
    const { signal: asked } = newest;
    const { state, filter } = ask();
    note({ ...state, sort: sort === defaultSort ? "" : sort, page: page === 1 ? "" : page });
    element.setAttribute("aria-busy", "true");
    try {
      const found = await api.get(`api/${path}/records`, { filter, sort, page, perPage: PER_PAGE }, asked);
      if (asked.aborted) return;
      onproblem?.(null);
      element.replaceChildren(...shownPage(found));
      element.classList.remove("stale");
    } catch (error) {
      if (asked.aborted) return;
      count.textContent = "";
      element.classList.add("stale");
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

  return { element, count, load, changed };
}
