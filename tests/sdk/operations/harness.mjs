// Named steps, and a transcript of every request that they make.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { EventSource } from "eventsource";
import PocketBase, { BaseAuthStore, ClientResponseError } from "pocketbase";
import { Masks } from "./masks.mjs";

// As the SDK's README says for Node.
globalThis.EventSource = EventSource;

export const [base, email, password, transcript] = process.argv.slice(2);
export { assert, sleep };

/** What later steps need of earlier ones: clients and records. */
export const world = {};

export const client = () => new PocketBase(base, new BaseAuthStore()).autoCancellation(false);
export const users = (pb) => pb.collection("tbl_auth_users");
export const companies = (pb) => pb.collection("tbl_company");
export const superusers = (pb) => pb.collection("_superusers");

const steps = [];
const lines = [];
const masks = new Masks();

/** Registers an operation. What `run` returns is written to the transcript, too. */
export const step = (name, run) => steps.push([name, run]);

let current;

function record(entry) {
  const name = current.lines === 0 ? current.name : `${current.name} (${current.lines + 1})`;
  current.lines += 1;
  lines.push(JSON.stringify({ name, ...masks.apply(entry) }));
}

const HEADERS = [
  "content-type",
  "cache-control",
  "x-accel-buffering",
  "access-control-allow-origin",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "retry-after",
];

async function body(response, url) {
  const type = response.headers.get("content-type") ?? "";
  if (type.startsWith("text/event-stream")) return undefined;
  // A file, which the servers have in forms of their own.
  if (response.headers.has("content-disposition")) return "<file>";
  const text = await response.clone().text();
  if (text === "" || !type.startsWith("application/json")) return text;
  // PocketBase writes what `fields` picked in another order each time.
  return url.searchParams.has("fields") ? sorted(JSON.parse(text)) : JSON.parse(text);
}

/** A copy with the keys of all objects in order. */
export function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

// The SDK, its EventSource and the raw requests below all go through the global fetch.
const { fetch } = globalThis;
globalThis.fetch = async (input, init) => {
  const response = await fetch(input, init);
  const url = new URL(typeof input === "object" && "url" in input ? input.url : input);
  const shown = HEADERS.filter((name) => response.headers.has(name)).map((name) => [name, response.headers.get(name)]);
  record({
    request: `${init?.method ?? "GET"} ${url.pathname}${decodeURIComponent(url.search)}`,
    status: response.status,
    headers: Object.fromEntries(shown),
    body: await body(response, url),
  });
  return response;
};

/** A request without the SDK. */
export const raw = (method, path, { body, headers = {}, token } = {}) =>
  globalThis.fetch(base + path, { method, body, headers: { ...(token && { Authorization: token }), ...headers } });

export const json = (method, path, body, options = {}) =>
  raw(method, path, {
    ...options,
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { "Content-Type": "application/json", ...options.headers },
  });

/** Asserts that the SDK's call fails so, with these codes of fields. */
export async function refused(call, status, message, codes = {}) {
  const error = await call.then(
    () => assert.fail("no error"),
    (error) => error,
  );
  assert.ok(error instanceof ClientResponseError, error);
  assert.equal(error.status, status);
  assert.equal(error.message, message);
  const found = Object.entries(error.response.data ?? {}).map(([field, { code }]) => [field, code]);
  assert.deepEqual(Object.fromEntries(found), codes);
  return error;
}

export const NOT_FOUND = [404, "The requested resource wasn't found."];
export const SOMETHING = [400, "Something went wrong while processing your request."];
export const ONLY_SUPERUSERS = [403, "Only superusers can perform this action."];

/** Waits until `condition` holds. */
export async function until(condition, what) {
  for (let waited = 0; waited < 5_000; waited += 10) {
    if (condition()) return;
    await sleep(10);
  }
  assert.fail(`in vain: ${what}`);
}

/** Has the value shown by name in the transcript, because each run has another. */
export const mask = (value, name) => masks.add(value, name);

export async function run() {
  for (const [name, operation] of steps) {
    current = { name, lines: 0 };
    try {
      const result = await operation();
      if (result !== undefined) record({ result });
    } catch (error) {
      console.error("failed: %s", name, error.originalError ?? error);
      if (error.response) console.error(error.response);
      process.exitCode = 1;
      record({ failed: String(error) });
    }
  }
  writeFileSync(transcript, lines.join("\n") + "\n");
  console.log(`${steps.length} steps, ${lines.length} requests and results`);
  process.exit();
}
