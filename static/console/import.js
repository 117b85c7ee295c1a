// Users of a table, sent to the server piece by piece: what becomes of each, or would become.

import * as api from "./api.js";
import { label } from "./fields.js";
import { text } from "./texts.js";

/** The most users, and about the most bytes, that a request has. */
const MOST = 200;
const BYTES = 40000;
/** Bytes of one user that no request has room for. */
const TOO_MANY = 60000;

function bytesOf(row) {
  return new TextEncoder().encode(JSON.stringify(row.values)).length;
}

/** Rows of which each piece goes into one request. */
function* pieces(rows) {
  let [piece, bytes] = [[], 0];
  for (const row of rows) {
    const more = bytesOf(row);
    if (piece.length > 0 && (piece.length === MOST || bytes + more > BYTES)) {
      yield piece;
      [piece, bytes] = [[], 0];
    }
    piece.push(row);
    bytes += more;
  }
  if (piece.length > 0) yield piece;
}

/** Values that no two users share, as far as this table says. */
const UNIQUE = ["id", "openid", "users_phone", "email"];

/** A phone as it is stored, however it was written. */
function comparable(name, value) {
  return name === "users_phone" ? value.normalize("NFKC").replace(/[^\d+]/g, "").replace(/^(\+?86|0086)(?=1\d{10}$)/, "") : value;
}

/** Notes that a row would come; why it cannot, if a row before it has the same. */
function taken({ line, values }, seen) {
  const keys = UNIQUE.filter((name) => values[name]).map((name) => [name, `${name}=${comparable(name, values[name])}`]);
  const twice = keys.find(([, key]) => seen.has(key));
  if (twice) return text.imports.sameAs(seen.get(twice[1]), label(twice[0]));
  keys.forEach(([, key]) => seen.set(key, line));
  return "";
}

async function outcomesOf(piece, isTrial) {
  if (piece.length === 1 && bytesOf(piece[0]) > TOO_MANY) return [text.imports.tooLong];
  const answer = await api.post("api/import/users", { users: piece.map(({ values }) => values), dryRun: isTrial });
  return answer.map(({ status, body }) => (status < 300 ? "" : api.wordsOf(body)));
}

/** Sends rows until `signal`; each gets its `problem`, "" if it came or would come. The rows behind an error, or the end, keep none. */
async function send(rows, isTrial, { signal, progress }) {
  let done = 0;
  for (const piece of pieces(rows)) {
    if (signal.aborted) return;
    const problems = await outcomesOf(piece, isTrial);
    piece.forEach((row, place) => (row.problem = problems[place]));
    done += piece.length;
    progress(done, rows.length);
  }
}

/** Finds out what would become of each row. */
export async function check(rows, work) {
  await send(rows, true, work);
  const seen = new Map();
  for (const row of rows) if (row.problem === "") row.problem = taken(row, seen);
}

/** Makes the users. */
export async function make(rows, work) {
  for (const row of rows) row.problem = undefined;
  await send(rows, false, work);
}
