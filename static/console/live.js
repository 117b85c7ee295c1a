// What changes elsewhere, as it happens: one stream of /api/realtime for all of the page, which comes back by itself.

import * as api from "./api.js";
import { say } from "./dom.js";
import { text } from "./texts.js";

/** Milliseconds before each further attempt to connect. */
const PAUSES = [200, 1000, 2000, 5000, 10000];
/** Milliseconds that the stream stays when nobody listens: the next view does in a moment. */
const LINGER = 2000;

const subscriptions = new Set();
let stream;
let client;
let failures = 0;
let isPaused = false;
let next;

/**
 * Calls `onevent({action, record})` for each change that the topic (`tbl_auth_users/*`, `tbl_company/<id>`) is about, until `signal`.
 * Once the server tells of them, and whenever it does so again, `onreturn()` is called: changes before that may have been missed.
 */
export function subscribe(topic, onevent, { onreturn, signal } = {}) {
  const subscription = { topic, onevent, onreturn };
  const end = () => {
    subscriptions.delete(subscription);
    follow(subscriptions.size === 0 ? LINGER : 0);
  };
  if (signal?.aborted) return end;
  subscriptions.add(subscription);
  signal?.addEventListener("abort", end);
  follow();
  return end;
}

/**
 * Gives a function that runs `read` once at a time, and once more when it is asked meanwhile: what is shown last was read last, and after the last change.
 * A `read` that fails leaves what is shown; it is tried again after the next change, or when the stream is back.
 */
export function onceAtATime(read) {
  let isReading = false;
  let isAsked = false;
  return async () => {
    isAsked = true;
    if (isReading) return;
    isReading = true;
    while (isAsked) {
      isAsked = false;
      await read().catch(() => {});
    }
    isReading = false;
  };
}

/** Nobody is signed in: nothing is told. */
export function pause() {
  isPaused = true;
  follow();
}

export function resume() {
  isPaused = false;
  follow();
}

/** A tab that nobody looks at gives its connection back: browsers have six for a server. */
function isWanted() {
  return subscriptions.size > 0 && !isPaused && !document.hidden;
}

/** Makes the stream what the subscriptions want, once all that happens at this moment has happened. */
function follow(after = 0) {
  clearTimeout(next);
  next = setTimeout(followNow, after);
}

function followNow() {
  if (!isWanted()) return close();
  if (!stream) return open();
  if (client) tellTopics();
}

function close() {
  stream?.close();
  stream = client = undefined;
}

function open() {
  const opened = new EventSource(new URL("../api/realtime", document.baseURI));
  stream = opened;
  opened.addEventListener("PB_CONNECT", ({ data }) => {
    client = { id: JSON.parse(data).clientId, topics: new Set() };
    followNow();
  });
  opened.addEventListener("error", () => opened === stream && lost());
}

function wantedTopics() {
  return new Set([...subscriptions].map(({ topic }) => topic));
}

/** Tells the server which topics are wanted, once at a time. */
async function tellTopics() {
  const told = client;
  const topics = wantedTopics();
  if (told.isTelling || topics.symmetricDifference(told.topics).size === 0) return;
  const added = topics.difference(told.topics);
  for (const topic of topics) stream.addEventListener(topic, hear);
  told.topics = topics;
  told.isTelling = true;
  try {
    await api.callQuietly("POST", "api/realtime", { body: { clientId: told.id, subscriptions: [...topics] } });
    told.isTelling = false;
    if (told === client) back(added);
  } catch {
    if (told === client) lost();
  }
}

function hear({ type, data }) {
  const change = JSON.parse(data);
  for (const subscription of [...subscriptions]) if (subscription.topic === type) subscription.onevent(change);
}

/** A stream ends after a while without changes, which is no loss: one is said once the next attempt has failed, too. */
function lost() {
  close();
  if (failures > 0) show(text.live.lost);
  follow(PAUSES[Math.min(failures, PAUSES.length - 1)]);
  failures += 1;
}

function back(added) {
  if (shown().textContent !== "") say(text.live.back);
  show("");
  failures = 0;
  for (const { topic, onreturn } of [...subscriptions]) if (added.has(topic)) onreturn?.();
  follow();
}

function shown() {
  return document.getElementById("connection");
}

function show(words) {
  if (shown().textContent !== words) shown().textContent = words;
}

addEventListener("online", () => follow());
document.addEventListener("visibilitychange", () => follow());
