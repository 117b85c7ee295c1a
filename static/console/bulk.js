// The same change of many records: 50 in a transaction, which is what the API takes at once.

import * as api from "./api.js";
import { chunks } from "./work.js";

const AT_ONCE = 50;

/** The place of the request that the others failed with, and why. */
function failureOf(error) {
  const [entry] = Object.entries(error.data?.requests ?? {});
  if (!entry?.[1]?.response) return null;
  return { place: Number(entry[0]), why: api.wordsOf(entry[1].response) };
}

/** Sends the requests of a transaction, and gives the records that were changed; who cannot be is left out, and the others are sent again. */
async function changeTogether(records, requestOf, failed) {
  let rest = records;
  while (rest.length > 0) {
    try {
      await api.post("api/batch", { requests: rest.map(requestOf) });
      return rest;
    } catch (error) {
      const failure = failureOf(error);
      if (!failure) throw error;
      failed.push({ record: rest[failure.place], why: failure.why });
      rest = rest.filter((_, place) => place !== failure.place);
    }
  }
  return rest;
}

/** Changes all records until `signal`: which were, which could not be and why, and the error that ended it. */
export async function changeAll(records, requestOf, { signal, progress }) {
  const outcome = { changed: [], failed: [], error: null };
  for (const chunk of chunks(records, AT_ONCE)) {
    if (signal.aborted) break;
    try {
      outcome.changed.push(...(await changeTogether(chunk, requestOf, outcome.failed)));
    } catch (error) {
      return { ...outcome, error };
    }
    progress(outcome.changed.length + outcome.failed.length, records.length);
  }
  return outcome;
}

function pathOf(collection, { id }) {
  return `/api/${collection}/records/${encodeURIComponent(id)}?fields=id`;
}

export const changing = (collection, body) => (record) => ({ method: "PATCH", url: pathOf(collection, record), body });
export const deleting = (collection) => (record) => ({ method: "DELETE", url: pathOf(collection, record) });
