// Backups: the schedule and the bucket, make, upload, download, restore, delete.

import * as api from "../api.js";
import { askingButton, sendTyped } from "../actions.js";
import { askTyped } from "../dialog.js";
import { busy, button, card, el, problem, say, title } from "../dom.js";
import { labelled, sending } from "../form.js";
import { keepLooking } from "../polling.js";
import { leaveOnlyIf } from "../router.js";
import { table } from "../table.js";
import { bytes, number, text, time } from "../texts.js";

const KNOCK_EVERY = 2000;
const LOOK_EVERY = 10_000;
const SCHEDULED = /^bai_auto_\d{14}\.redb$/;

function fact([label, value]) {
  return el("div", {}, el("dt", {}, label), el("dd", {}, value || "—"));
}

function period(every) {
  const [, amount, unit] = /^(\d+)([a-z]+)$/.exec(every.replace(/s$/, "")) ?? [];
  return text.backups.periods[unit]?.(amount) ?? every;
}

function lastAttempt({ failure, failedAt, lastSuccess }) {
  if (failure) return el("span", { class: "state bad" }, text.backups.failed(time(failedAt), failure));
  return lastSuccess && el("span", { class: "state good" }, text.backups.succeeded);
}

function scheduleFacts(schedule) {
  if (!schedule.every) return [el("p", {}, text.backups.noSchedule)];
  const { lastSuccess, lastSize } = schedule;
  const facts = [
    [text.backups.every, period(schedule.every)],
    [text.backups.last, lastSuccess && `${time(lastSuccess)} · ${bytes(lastSize)}`],
    [text.backups.outcome, lastAttempt(schedule)],
    [text.backups.next, time(schedule.next)],
    [text.backups.keep, number(schedule.keep)],
    [text.backups.folder, el("code", {}, schedule.folder)],
  ];
  const problems = schedule.problems.map((words) => el("p", { class: "warning" }, words));
  return [el("dl", { class: "facts" }, facts.map(fact)), ...problems];
}

function bucketFacts(schedule) {
  if (!schedule.bucket) return el("p", {}, text.backups.noBucket);
  const waiting = schedule.waitingUploads;
  const facts = [
    [text.backups.bucket, el("code", {}, `${schedule.bucket}/${schedule.bucketPrefix}`)],
    [text.backups.endpoint, el("code", {}, schedule.bucketEndpoint)],
    [text.backups.newestUpload, schedule.newestUpload && el("code", {}, schedule.newestUpload)],
    [text.backups.waiting, waiting === 0 ? text.none : number(waiting)],
    [text.backups.keep, schedule.bucketKeep === 0 ? text.backups.keepAll : number(schedule.bucketKeep)],
  ];
  return el("dl", { class: "facts" }, facts.map(fact));
}

function nameCell({ key, modified, size }) {
  const badge = SCHEDULED.test(key) && el("span", { class: "badge" }, text.backups.scheduled);
  const about = `${time(modified)} · ${bytes(size)}`;
  return el("div", {}, el("code", {}, key), " ", badge || "", el("div", { class: "hint" }, about));
}

/** The browser itself shows how far it is, and can stop it. */
async function download(key) {
  const { token } = await api.post("api/files/token");
  const href = new URL(`../api/backups/${encodeURIComponent(key)}?token=${encodeURIComponent(token)}`, document.baseURI);
  el("a", { href, download: key }).click();
}

function downloadButton({ key }) {
  const onclick = async ({ currentTarget }) => {
    try {
      await busy(currentTarget, () => download(key));
      say(text.backups.downloading(key));
    } catch (error) {
      say(error.message);
    }
  };
  return button(text.backups.download, onclick);
}

function pause(signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, KNOCK_EVERY);
    signal.addEventListener("abort", () => clearTimeout(timer));
  });
}

/** Waits until the server answers again. */
async function waitForServer(signal) {
  for (;;) {
    try {
      return await api.readiness(signal);
    } catch {
      signal.throwIfAborted();
      await pause(signal);
    }
  }
}

/** Restores, however long it takes; a connection that is cut meanwhile is waited for. */
async function restore(key, signal) {
  try {
    await api.post(`api/backups/${encodeURIComponent(key)}/restore`);
    return text.backups.restored(key);
  } catch (error) {
    if (error.status !== 0) throw error;
    await waitForServer(signal);
    throw new Error(text.backups.cutWhileRestoring(key));
  }
}

function working(words, more = "") {
  return el("div", { class: "card working", role: "status" }, el("p", {}, words), el("progress", { "aria-label": words }), more);
}

function restoreButton({ key }, view) {
  const onclick = async () => {
    if (!(await askTyped(text.backups.restoreQuestion(key), text.backups.restore, key))) return;
    await view.work(working(text.backups.restoring(key)), () => restore(key, view.signal));
  };
  return button(text.backups.restore, onclick);
}

function removeButton({ key }, view) {
  const remove = async () => {
    await api.remove(`api/backups/${encodeURIComponent(key)}`);
    await view.load();
  };
  return askingButton(text.remove, text.backups.removeQuestion(key), remove, text.removed(key), { isDestructive: true });
}

function actions(backup, view) {
  return el("div", { class: "actions" }, downloadButton(backup), restoreButton(backup, view), removeButton(backup, view));
}

function backupTable(backups, view) {
  if (backups.length === 0) return card(text.backups.title, el("p", {}, text.backups.none));
  const columns = [
    { label: text.backups.name, cell: nameCell },
    { label: text.backups.actions, cell: (backup) => actions(backup, view) },
  ];
  const items = backups.sort((a, b) => b.modified.localeCompare(a.modified));
  return table({ caption: text.backups.title, columns, items, sort: "", onsort: () => {} });
}

function makeCard(view) {
  const name = labelled(text.backups.newName, el("input", { type: "text", autocomplete: "off", spellcheck: "false", autocapitalize: "off" }), { hint: text.backups.nameHint });
  const work = () =>
    sendTyped([["name", name]], async () => {
      const typed = name.input.value.trim();
      await view.work(working(text.backups.making), () => api.post("api/backups", { name: typed }), { isThrown: true });
      name.input.value = "";
      say(text.backups.isMade);
    });
  return card(text.backups.make, sending({ rows: el("div", { class: "fields" }, name.element), words: text.backups.make, work }));
}

/** The progress of an upload, and a way to stop it. */
function uploadProgress(file, onstop) {
  const bar = el("progress", { max: file.size, value: 0, "aria-label": text.backups.upload });
  const words = el("p", {});
  const show = (sent) => {
    bar.value = sent;
    const isSent = sent >= file.size;
    words.textContent = isSent ? text.backups.checking(file.name) : text.backups.sent(file.name, bytes(sent), bytes(file.size));
  };
  show(0);
  return { element: el("div", { class: "card working" }, words, bar, el("div", { class: "actions" }, button(text.cancel, onstop))), show };
}

async function upload(file, view) {
  const stopping = new AbortController();
  view.signal.addEventListener("abort", () => stopping.abort());
  const progress = uploadProgress(file, () => stopping.abort());
  await view.work(progress.element, async () => {
    try {
      await api.upload("api/backups/upload", file, { onprogress: progress.show, signal: stopping.signal });
      return text.backups.uploaded(file.name);
    } catch (error) {
      if (stopping.signal.aborted) return text.backups.stopped;
      throw new Error(Object.values(error.fields ?? {})[0] ?? error.message);
    }
  });
}

function uploadCard(view) {
  const input = el("input", { type: "file", accept: ".redb,.zip" });
  input.addEventListener("change", async () => {
    const [file] = input.files;
    input.value = "";
    if (file) await upload(file, view);
  });
  return card(text.backups.upload, labelled(text.backups.file, input, { hint: text.backups.fileHint }).element);
}

/** The view: a place for what goes on, and the list, which is read anew after it, and every now and then. */
function backupsView(signal) {
  const now = el("div", {});
  const schedule = el("div", { class: "cards" });
  const list = el("div", { class: "stacked" });
  let isWorking = false;
  let known = "";
  const view = {
    signal,
    now,
    schedule,
    list,
    async load(get = api.get) {
      const [backups, state] = await Promise.all([get("api/backups", {}, signal), get("api/backup-schedule", {}, signal)]);
      const found = JSON.stringify([backups, state]);
      if (found === known) return;
      known = found;
      schedule.replaceChildren(card(text.backups.schedule, ...scheduleFacts(state)), card(text.backups.inBucket, bucketFacts(state)));
      list.replaceChildren(backupTable(backups, view));
    },
    /** Shows `progress` while `work` is done, and what it returns or what went wrong after it. */
    async work(progress, work, { isThrown = false } = {}) {
      if (isWorking) return say(text.backups.oneAtATime);
      isWorking = true;
      now.replaceChildren(progress);
      try {
        const done = await work();
        now.replaceChildren();
        if (done) say(done);
      } catch (error) {
        now.replaceChildren(...(isThrown ? [] : [problem(error.message)]));
        if (isThrown) throw error;
      } finally {
        isWorking = false;
      }
      await view.load();
    },
  };
  leaveOnlyIf(() => isWorking && now.querySelector("button") !== null);
  const look = () => isWorking || view.load(api.getQuietly);
  keepLooking(look, { every: LOOK_EVERY, failed: () => {}, signal });
  return view;
}

export async function backups({ signal }) {
  const { onPostgres } = await api.get("api/backup-schedule", {}, signal);
  if (onPostgres) return el("div", {}, title(text.backups.title), el("p", {}, text.backups.onPostgres));
  const view = backupsView(signal);
  await view.load();
  const making = el("div", { class: "cards" }, makeCard(view), uploadCard(view));
  return el("div", {}, title(text.backups.title), view.now, view.list, making, view.schedule);
}
