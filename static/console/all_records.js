// All records that a filter finds, page by page in the order of their creation: none is missed when others come and go meanwhile.

import * as api from "./api.js";
import { all, quoted } from "./search.js";

const PER_PAGE = 500;

function question({ filter, fields }, { since, page }) {
  const later = since && `created >= ${quoted(since)}`;
  return { filter: all([filter && `(${filter})`, later]), fields, sort: "created", page, perPage: PER_PAGE, skipTotal: 1 };
}

/** The place behind a page: the time of its last record, which others may share. */
function behind({ since, page }, items) {
  const last = items.at(-1).created;
  return last === since ? { since, page: page + 1 } : { since: last, page: 1 };
}

/** Gives pages of records until `signal`; `fields` has to have `id` and `created`. */
export async function* allRecords(collection, wanted, signal) {
  let place = { since: "", page: 1 };
  let seen = new Set();
  while (!signal.aborted) {
    const { items } = await api.get(`api/${collection}/records`, question(wanted, place));
    const unseen = items.filter(({ id }) => !seen.has(id));
    if (unseen.length > 0) yield unseen;
    if (items.length < PER_PAGE) return;
    const next = behind(place, items);
    const kept = next.since === place.since ? seen : [];
    seen = new Set([...kept, ...items.filter(({ created }) => created === next.since).map(({ id }) => id)]);
    place = next;
  }
}
