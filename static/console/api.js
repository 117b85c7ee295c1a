// The client of the documented API, with the superuser's token.

import { label } from "./fields.js";
import * as session from "./session.js";
import { text } from "./texts.js";

/** What went wrong and what to do; `fields` has a text for each field that the server refused. */
export class ApiError extends Error {
  constructor(status, message, fields = {}, data = null) {
    super(message);
    this.status = status;
    this.fields = fields;
    this.data = data;
  }
}

const SIGN_OUT_PATIENCE = 5000;
export const SUPERUSERS = "collections/_superusers";
export const USERS = "collections/tbl_auth_users";
export const COMPANIES = "collections/tbl_company";

/** The address of a path of the API. */
export function url(path, query = {}) {
  const found = new URL(`../${path}`, document.baseURI);
  for (const [name, value] of Object.entries(query)) if (value !== "") found.searchParams.set(name, value);
  return found;
}

async function send(method, path, { body, query, signal } = {}) {
  const headers = {};
  const token = session.current()?.token;
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body) headers["Content-Type"] = "application/json";
  try {
    const answer = await fetch(url(path, query), { method, headers, signal, cache: "no-store", body: body && JSON.stringify(body) });
    return { status: answer.status, headers: answer.headers, json: await answer.json().catch(() => null) };
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, text.errors.unreachable);
  }
}

/** Sends a file as a form; the body is read from the disk as it goes. */
function sendFile(path, file, onprogress, signal) {
  const request = new XMLHttpRequest();
  const form = new FormData();
  form.append("file", file);
  return new Promise((resolve, reject) => {
    request.open("POST", url(path));
    request.setRequestHeader("Authorization", `Bearer ${session.current().token}`);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded }) => onprogress(loaded);
    request.onload = () => resolve({ status: request.status, headers: { get: (name) => request.getResponseHeader(name) }, json: request.response });
    request.onerror = () => reject(new ApiError(0, text.errors.unreachable));
    request.onabort = () => reject(new DOMException("", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

function fieldTexts(data) {
  const entries = Object.entries(data ?? {}).filter(([, problem]) => problem?.message);
  return Object.fromEntries(entries.map(([field, { code, message }]) => [field, text.fieldErrors[code] ?? message]));
}

/** What the server says is wrong with a filter, and where; it is written as in a query string. */
function filterProblem(headers) {
  const problem = headers.get("X-Filter-Problem");
  return problem && decodeURIComponent(problem.replaceAll("+", " "));
}

function wordsFor({ status, headers, json }) {
  const wrongFilter = filterProblem(headers);
  if (wrongFilter) return text.errors.filter(wrongFilter);
  if (status === 429) return text.errors.tooMany(headers.get("Retry-After"));
  if (status === 503) return text.errors.busy;
  if (status >= 500) return text.errors.server;
  if (status === 404) return text.errors.missing;
  return text.messages[json?.message] ?? json?.message ?? text.errors.refused(status);
}

/** What is wrong with one request of a batch, in a line. */
export function wordsOf({ status, message, data }) {
  const fields = Object.entries(fieldTexts(data)).map(([field, problem]) => `${label(field)}: ${problem}`);
  if (fields.length > 0) return fields.join(" ");
  return status === 404 ? text.errors.missing : text.messages[message] ?? message;
}

function result(answer) {
  if (answer.status < 300) return answer.json;
  throw new ApiError(answer.status, wordsFor(answer), fieldTexts(answer.json?.data), answer.json?.data);
}

/** PocketBase's API takes a token that is not valid any more for none: nothing is found, or it is for superusers only. */
function isDoubtful({ status, json }) {
  return [401, 403, 404].includes(status) || json?.items?.length === 0;
}

async function isSignedIn() {
  const { status } = await send("GET", `api/${SUPERUSERS}/records/${session.current()?.id}`, { query: { fields: "id" } });
  return ![401, 403, 404].includes(status);
}

/** What the server answers. When the sign-in has expired it is asked for, and the request sent again. */
export async function call(method, path, options) {
  if (!session.current()) await session.renew();
  let answer = await send(method, path, options);
  while (isDoubtful(answer) && !(await isSignedIn())) {
    await session.renew();
    answer = await send(method, path, options);
  }
  return result(answer);
}

/** The same for what nobody has asked for: nobody is asked to sign in for it. */
export async function callQuietly(method, path, options) {
  const answer = await send(method, path, options);
  if (isDoubtful(answer) && !(await isSignedIn())) throw new ApiError(401, text.errors.refused(401));
  return result(answer);
}

export const get = (path, query, signal) => call("GET", path, { query, signal });
export const getQuietly = (path, query, signal) => callQuietly("GET", path, { query, signal });
export const post = (path, body) => call("POST", path, { body });
export const patch = (path, body) => call("PATCH", path, { body });
export const remove = (path) => call("DELETE", path);

/** Uploads a file; `onprogress` is told how many bytes are sent. Nobody sends it twice for a sign-in that had expired. */
export async function upload(path, file, { onprogress, signal }) {
  if (!(await isSignedIn())) await session.renew();
  return result(await sendFile(path, file, onprogress, signal));
}

/** Signs in a superuser. */
export async function signIn(identity, password) {
  session.end();
  const body = { identity, password };
  const answer = await send("POST", `api/${SUPERUSERS}/auth-with-password`, { body });
  if (answer.status === 400) throw new ApiError(400, text.signIn.wrong);
  if (answer.status === 403) throw new ApiError(403, text.signIn.notFromHere);
  session.begin(result(answer));
}

/** Whether the server is ready, and what is wrong: when something is, that is a 503 with the same body. */
export async function readiness(signal) {
  const { json } = await send("GET", "readyz", { signal });
  return json.data;
}

/** Ends the token on the server; one that has ended already is as good. */
export async function signOut() {
  const answer = await send("POST", `api/${SUPERUSERS}/sign-out`, { signal: AbortSignal.timeout(SIGN_OUT_PATIENCE) });
  if (![401, 403].includes(answer.status)) result(answer);
}

/** Ends all tokens of the superuser who is signed in, wherever they are. */
export function endOwnSessions() {
  return patch(`api/${SUPERUSERS}/records/${session.current().id}`, { "tokenKey:autogenerate": "" });
}

/** Companies that a form suggests, by name: a few hundred at most. */
export async function companies(signal) {
  const { items } = await get(`api/${COMPANIES}/records`, { sort: "company_name", perPage: 200, skipTotal: 1, fields: "company_id,company_name" }, signal);
  return items;
}
