// Overview: whether the service is well and what to do if not; users, logins, requests, backups, disk and WeChat.

import * as api from "../api.js";
import { barChart } from "../charts.js";
import { card, el, link, title } from "../dom.js";
import { labelled } from "../form.js";
import { keepLooking } from "../polling.js";
import { between } from "../requests.js";
import { go } from "../router.js";
import { table } from "../table.js";
import { bytes, locale, moment, number, text, time } from "../texts.js";
import { userPicker } from "../user_picker.js";
import { REVISION, VERSION } from "../version.js";

const LOOK_EVERY = 4000;
const COUNT_EVERY = 60_000;
/** Looks whose rates are shown. */
const LOOKS = 60;
const PERIODS = [24, 7 * 24];

const COUNTS = [
  ["total", "#/users"],
  ["active", "#/users?status=1"],
  ["disabled", "#/users?status=0"],
  ["wechat", "#/users?kind=WeChat"],
  ["platform", "#/users?kind=ManagePlatform"],
];

/** What WeChat's numbers mean, by the words of `/readyz`. */
const ERRCODES = {
  "-1": "busy", 40164: "ip_not_allowed", 45035: "ip_not_allowed", 61004: "ip_not_allowed", 40125: "secret", 41004: "secret", 40013: "app_id", 41002: "app_id",
  48001: "not_permitted", 50002: "not_permitted", 50004: "not_permitted", 410: "retired_address", 48017: "retired_address", 40001: "access_token",
  40014: "access_token", 42001: "access_token", 45009: "daily_quota", 45011: "minute_quota",
};
const OUTCOMES = { busy: "busy", unavailable: "unreachable", misconfigured: "misconfigured" };

function figure([name, href], value) {
  return el("li", {}, link(number(value), href, { class: "figure" }), el("span", {}, text.overview.counts[name]));
}

function fact(name, value) {
  return el("div", {}, el("dt", {}, name), el("dd", {}, value));
}

function remedy(code) {
  return text.overview.remedies[code] ?? "";
}

function problemLine([name, { code, text: words, since }]) {
  const what = el("p", {}, el("b", {}, text.overview.components[name] ?? name), `: ${remedy(code)}`, since ? ` (${time(since)})` : "");
  return el("li", {}, what, el("p", { class: "hint", lang: "en" }, words));
}

/** A word for it, and each problem with what to do about it. */
function readiness({ status, components }) {
  const isReady = status === "ready";
  const problems = Object.entries(components ?? {}).flatMap(([name, component]) => component.problems.map((it) => [name, it]));
  return [
    el("p", { class: isReady ? "state good" : "state bad" }, isReady ? text.overview.ready : text.overview.notReady),
    problems.length > 0 ? el("ul", {}, problems.map(problemLine)) : undefined,
  ];
}

function schedule({ everySeconds, lastSuccess, failure, overdue }, hasBackups) {
  if (failure) return el("p", { class: "wrong" }, text.overview.backupFailed(moment(failure.at)), el("span", { lang: "en" }, failure.reason));
  if (overdue) return el("p", { class: "wrong" }, text.overview.backupOverdue);
  if (everySeconds === 0) return hasBackups ? el("p", { class: "hint" }, text.overview.noSchedule) : "";
  const planned = lastSuccess ? text.overview.backupEvery : text.overview.backupPlanned;
  return el("p", { class: "hint" }, planned(number(everySeconds / 3600)));
}

function lastBackup(backups) {
  const [newest] = [...backups].sort((a, b) => b.modified.localeCompare(a.modified));
  if (!newest) return el("p", {}, text.overview.noBackup);
  return el("p", {}, time(newest.modified), el("br"), el("code", {}, newest.key), ` · ${bytes(newest.size)}`);
}

function lastBackupOf(found, backups) {
  if (found.postgres) return [el("p", {}, text.backups.onPostgres)];
  return [lastBackup(backups), schedule(found.backup, backups.length > 0)];
}

function disk(found) {
  return el("dl", { class: "pairs" }, fact(text.overview.fileSize, bytes(found.fileBytes)), fact(text.overview.freeDisk, bytes(found.freeBytes)));
}

function lastError(error) {
  if (!error) return el("p", { class: "hint" }, text.overview.noError);
  const code = ERRCODES[error.errcode] ?? OUTCOMES[error.outcome];
  const given = error.errcode === null ? "" : ` (errcode ${error.errcode})`;
  return el("p", {}, el("b", {}, text.overview.lastError(moment(error.at))), el("br"), `${remedy(code)}${given}`);
}

function wechat({ callsToday, lastError: error }) {
  const calls = Object.entries(callsToday).map(([name, count]) => fact(text.overview.calls[name] ?? name, number(count)));
  return [el("dl", { class: "pairs" }, calls), lastError(error)];
}

function milliseconds(seconds) {
  if (seconds === Infinity) return text.overview.longer;
  return text.overview.within(number(seconds * 1000));
}

function rate(value) {
  return text.overview.perSecond(value.toLocaleString(locale, { maximumFractionDigits: 1 }));
}

function requests(looks) {
  const newest = looks.at(-1);
  if (!newest) return el("p", { class: "hint" }, text.overview.measuring);
  const facts = [
    fact(text.overview.requestRate, rate(newest.rate)),
    fact(text.overview.errorRate, rate(newest.failed)),
    fact(text.overview.half, newest.rate > 0 ? milliseconds(newest.half) : "—"),
    fact(text.overview.most, newest.rate > 0 ? milliseconds(newest.most) : "—"),
  ];
  const chart = barChart({
    caption: text.overview.requests,
    first: text.events.at,
    labels: looks.map(({ at }) => new Date(at.replace(" ", "T")).toLocaleTimeString(locale)),
    series: [{ name: text.overview.requestRate, color: "first", values: looks.map((look) => look.rate) }],
    format: rate,
    hasSums: false,
    room: LOOKS,
  });
  return [el("dl", { class: "pairs" }, facts), chart];
}

function dayName(day) {
  return new Date(`${day}T00:00`).toLocaleDateString(locale, { month: "short", day: "numeric" });
}

function hourName(at) {
  return new Date(at.replace(" ", "T")).toLocaleString(locale, { weekday: "short", hour: "numeric" });
}

function newUsers({ days }) {
  return barChart({
    caption: text.overview.newUsers,
    first: text.overview.day,
    labels: days.map(({ day }) => dayName(day)),
    series: [
      { name: text.values.WeChat, color: "first", values: days.map((day) => day.wechat) },
      { name: text.values.ManagePlatform, color: "second", values: days.map((day) => day.platform) },
    ],
  });
}

function sum(values) {
  return values.reduce((all, value) => all + value, 0);
}

/** Failures by cause, the most frequent first. */
function causes(hours) {
  const counts = {};
  for (const { failed } of hours) for (const [cause, count] of Object.entries(failed)) counts[cause] = (counts[cause] ?? 0) + count;
  const lines = Object.entries(counts).sort(([, one], [, other]) => other - one);
  return el("dl", { class: "pairs" }, lines.map(([cause, count]) => fact(text.events.causes[cause] ?? cause, number(count))));
}

function logins(hours) {
  const chart = barChart({
    caption: text.overview.logins,
    first: text.overview.hour,
    labels: hours.map(({ at }) => hourName(at)),
    series: [
      { name: text.overview.succeeded, color: "first", values: hours.map((hour) => hour.succeeded) },
      { name: text.overview.failed, color: "bad", values: hours.map((hour) => sum(Object.values(hour.failed))) },
    ],
  });
  return [chart, causes(hours)];
}

function periodChooser(onchange) {
  const options = PERIODS.map((hours) => el("option", { value: hours }, text.overview.periods[hours]));
  const chooser = labelled(text.overview.period, el("select", { onchange }, options));
  chooser.element.classList.add("period");
  return chooser;
}

/** State of a webhook in words: its failure, if that is newer than what it took last. */
function webhookState({ failingSince, lastFailure, lastSuccess, failure, nextTry, givenUp }) {
  const reason = el("span", { lang: "en" }, failure);
  const notes = [nextTry && text.overview.webhookNext(moment(nextTry)), givenUp > 0 && text.overview.webhookGivenUp(number(givenUp))];
  const more = notes.filter(Boolean).map((note) => el("div", { class: "hint" }, note));
  if (failingSince) return [el("div", { class: "wrong" }, text.overview.webhookFails(moment(failingSince)), reason), ...more];
  if (lastFailure && nextTry) return [el("div", {}, text.overview.webhookRefuses(moment(lastFailure)), reason), ...more];
  return [lastSuccess ? text.overview.webhookWell : text.overview.webhookUnused, ...more];
}

function webhooks({ items, isDelivering }) {
  const words = text.overview.webhookColumns;
  const columns = [
    { label: words.receiver, cell: (item) => [`${item.number}. `, el("code", {}, item.origin)] },
    { label: words.pending, cell: (item) => number(item.pending) },
    { label: words.success, when: true, cell: (item) => (item.lastSuccess ? time(item.lastSuccess) : "—") },
    { label: words.state, cell: webhookState },
  ];
  const list = table({ caption: text.overview.webhooks, columns, items });
  return [list, isDelivering ? "" : el("p", { class: "hint" }, text.overview.webhookElsewhere)];
}

/** A card whose content is shown anew. */
function livingCard(heading, ...before) {
  let content = el("div", {});
  const element = card(heading, ...before, content);
  const show = (...found) => {
    const next = el("div", {}, ...found);
    // What is the same stays, with what somebody has selected or points at.
    if (next.isEqualNode(content)) return;
    content.replaceWith(next);
    content = next;
  };
  return { element, show };
}

/** The cards, and what shows them anew. */
function cards() {
  const looks = [];
  let newest;
  const period = periodChooser(() => showLogins());
  const parts = {
    service: livingCard(text.overview.service),
    backup: livingCard(text.overview.backup),
    disk: livingCard(text.overview.disk),
    wechat: livingCard(text.overview.wechat),
    webhooks: livingCard(text.overview.webhooks),
    requests: livingCard(text.overview.requests),
    users: livingCard(text.overview.users),
    logins: livingCard(text.overview.logins, period.element),
  };
  function showLogins() {
    const hours = newest.logins.slice(-Number(period.input.value));
    const isWhole = hours[0].at >= newest.startedAt;
    parts.logins.show(logins(hours), isWhole ? "" : el("p", { class: "hint" }, text.overview.since(time(newest.startedAt))));
  }
  function showRequests(found) {
    const look = newest && between(newest, found);
    if (look) looks.push(look);
    else looks.length = 0;
    if (looks.length > LOOKS) looks.shift();
    parts.requests.show(requests(looks));
  }
  return {
    parts,
    show(state, found, backups, told) {
      parts.service.show(readiness(state));
      parts.backup.show(...lastBackupOf(found, backups));
      parts.disk.element.hidden = !found.disk;
      if (found.disk) parts.disk.show(disk(found.disk));
      parts.wechat.show(wechat(found.wechat));
      parts.webhooks.element.hidden = told.items.length === 0;
      if (told.items.length > 0) parts.webhooks.show(...webhooks(told));
      showRequests(found);
      newest = found;
      showLogins();
    },
    showUsers(found) {
      const figures = COUNTS.map((count) => figure(count, found[count[0]]));
      parts.users.show(el("ul", { class: "figures" }, figures), el("h3", {}, text.overview.newUsers), newUsers(found));
    },
  };
}

export async function overview({ signal }) {
  const { parts, show, showUsers } = cards();
  const lost = el("p", { class: "wrong", role: "status" });
  const failed = (error) => (lost.textContent = error?.message ?? "");
  const find = userPicker({ words: text.overview.find, onchange: () => go(`#/users/${find.value()}`), takesAnything: false, signal });
  const offset = -new Date().getTimezoneOffset();
  const look = async () => show(...(await Promise.all([api.readiness(signal), api.get("api/overview", {}, signal), api.get("api/backups", {}, signal), api.get("api/webhooks", {}, signal)])));
  const count = async () => showUsers(await api.get("api/overview/users", { offset }, signal));
  await look();
  // Very many are counted for a while: the rest is shown meanwhile.
  parts.users.show(el("p", { class: "hint" }, text.overview.counting));
  count().catch((error) => signal.aborted || parts.users.show(el("p", { class: "wrong" }, error.message)));
  keepLooking(look, { every: LOOK_EVERY, failed, signal });
  keepLooking(count, { every: COUNT_EVERY, failed, signal });
  return el(
    "div",
    {},
    title(text.overview.title),
    el("div", { class: "controls find" }, find.element),
    lost,
    el("div", { class: "cards" }, parts.service.element, parts.backup.element, parts.disk.element, parts.wechat.element),
    parts.webhooks.element,
    parts.users.element,
    parts.logins.element,
    parts.requests.element,
    card(text.overview.version, el("p", {}, VERSION, " ", el("code", {}, REVISION))),
  );
}
