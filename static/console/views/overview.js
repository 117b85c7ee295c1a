// Overview: how the service is, how many users there are, the last backup.

import * as api from "../api.js";
import { card, el, link, title } from "../dom.js";
import { number, text, time } from "../texts.js";
import { REVISION, VERSION } from "../version.js";

const COUNTS = [
  ["total", "", "#/users"],
  ["active", "users_status = 1", "#/users?status=1"],
  ["disabled", "users_status = 0", "#/users?status=0"],
  ["wechat", "users_idtype = 'WeChat'", "#/users?kind=WeChat"],
  ["platform", "users_idtype = 'ManagePlatform'", "#/users?kind=ManagePlatform"],
];

async function count(filter, signal) {
  return (await api.get(`api/${api.USERS}/records`, { filter, perPage: 1, fields: "id" }, signal)).totalItems;
}

function figure([name, , href], value) {
  return el("li", {}, link(number(value), href, { class: "figure" }), el("span", {}, text.overview.counts[name]));
}

function problemLine([name, { text: words, since }]) {
  return el("li", {}, el("b", {}, text.overview.components[name] ?? name), `: ${words}`, since ? ` (${time(since)})` : "");
}

/** A word for it, and each problem with what to do about it. */
function readiness({ status, components }) {
  const isReady = status === "ready";
  const problems = Object.entries(components ?? {}).flatMap(([name, component]) => component.problems.map((it) => [name, it]));
  return [
    el("p", { class: isReady ? "state good" : "state bad" }, isReady ? text.overview.ready : text.overview.notReady),
    el("ul", {}, problems.map(problemLine)),
  ];
}

function lastBackup(backups) {
  const [newest] = [...backups].sort((a, b) => b.modified.localeCompare(a.modified));
  if (!newest) return el("p", {}, text.overview.noBackup);
  return el("p", {}, time(newest.modified), el("br"), el("code", {}, newest.key), ` · ${text.overview.megabytes(number(Math.ceil(newest.size / 1e6)))}`);
}

export async function overview({ signal }) {
  const counting = COUNTS.map(([, filter]) => count(filter, signal));
  const [state, backups, ...counts] = await Promise.all([api.readiness(signal), api.get("api/backups", {}, signal), ...counting]);
  return el(
    "div",
    {},
    title(text.overview.title),
    el(
      "div",
      { class: "cards" },
      card(text.overview.service, readiness(state)),
      card(text.overview.backup, lastBackup(backups)),
      card(text.overview.version, el("p", {}, VERSION, " ", el("code", {}, REVISION))),
    ),
    card(text.overview.users, el("ul", { class: "figures" }, counts.map((value, index) => figure(COUNTS[index], value)))),
  );
}
