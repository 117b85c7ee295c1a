// The start: sign-in, navigation, views.

import * as api from "./api.js";
import * as dialog from "./dialog.js";
import { busy, button, el, link, say } from "./dom.js";
import * as live from "./live.js";
import * as router from "./router.js";
import * as session from "./session.js";
import { locale, otherLanguage, text } from "./texts.js";
import { backups } from "./views/backups.js";
import { companies } from "./views/companies.js";
import { company, newCompany } from "./views/company.js";
import { events } from "./views/events.js";
import { importUsers } from "./views/import_users.js";
import { newUser } from "./views/new_user.js";
import { keys } from "./views/keys.js";
import { overview } from "./views/overview.js";
import { rules } from "./views/rules.js";
import { settings } from "./views/settings.js";
import { signIn } from "./views/sign_in.js";
import { superuser } from "./views/superuser.js";
import { newSuperuser, superusers } from "./views/superusers.js";
import { user } from "./views/user.js";
import { users } from "./views/users.js";

const VIEWS = [
  [/^\/$/, overview],
  [/^\/users$/, users],
  [/^\/users\/new$/, newUser],
  [/^\/users\/import$/, importUsers],
  [/^\/users\/([^/]+)$/, user],
  [/^\/companies$/, companies],
  [/^\/companies\/new$/, newCompany],
  [/^\/companies\/([^/]+)$/, company],
  [/^\/events$/, events],
  [/^\/rules$/, rules],
  [/^\/superusers$/, superusers],
  [/^\/superusers\/new$/, newSuperuser],
  [/^\/superusers\/([^/]+)$/, superuser],
  [/^\/backups$/, backups],
  [/^\/keys$/, keys],
  [/^\/settings$/, settings],
];

const NAVIGATION = [
  ["#/", text.overview.title],
  ["#/users", text.users.title],
  ["#/companies", text.companies.title],
  ["#/events", text.events.title],
  ["#/rules", text.rules.title],
  ["#/superusers", text.superusers.title],
  ["#/backups", text.backups.title],
  ["#/keys", text.keys.title],
  ["#/settings", text.settings.title],
];

const frame = document.getElementById("console");
const door = document.getElementById("sign-in");

function languageLink() {
  const { language, href } = otherLanguage();
  const label = { en: "English", zh: "中文" }[language];
  return link(label, href, { lang: language, class: "language", onclick: followHash });
}

/** The view may have changed since the link was made. */
function followHash(event) {
  event.currentTarget.href = otherLanguage().href;
}

async function signOut() {
  if (!(await router.mayLeave())) return;
  leaveAll();
  await endToken();
  await session.renew();
}

function leaveAll() {
  router.leaveOnlyIf(() => false);
  document.querySelector("main").replaceChildren();
}

/** Whoever cannot reach the server leaves all the same, and is told that the token goes on. */
async function endToken() {
  try {
    await api.signOut();
  } catch {
    say(text.tokenGoesOn);
  }
}

async function signOutEverywhere(event) {
  const pressed = event.currentTarget;
  if (!(await dialog.ask(text.signOutEverywhereQuestion, text.signOutEverywhere))) return;
  try {
    await busy(pressed, api.endOwnSessions);
  } catch (error) {
    return say(error.message);
  }
  leaveAll();
  await session.renew();
}

function shell() {
  const navigation = el("nav", { "aria-label": text.navigation }, NAVIGATION.map(([href, label]) => link(label, href)));
  const account = el(
    "div",
    { class: "account" },
    el("span", { class: "who" }, session.current().email),
    button(text.signOut, signOut),
    button(text.signOutEverywhere, signOutEverywhere, { class: "quiet" }),
    languageLink(),
  );
  return [
    link(text.skip, "#main", { class: "skip", onclick: skip }),
    el("header", {}, link("bai", "#/", { class: "brand" }), navigation, account),
    el("main", { id: "main", tabindex: "-1" }),
  ];
}

function skip(event) {
  event.preventDefault();
  document.querySelector("main").focus();
}

/** Shows the sign-in until somebody has signed in; what was on the page is only hidden. */
async function askToSignIn() {
  dialog.closeAll();
  live.pause();
  const focused = document.activeElement;
  frame.hidden = true;
  door.hidden = false;
  await signIn(door, languageLink());
  door.hidden = true;
  door.replaceChildren();
  frame.hidden = false;
  live.resume();
  frame.querySelector(".who")?.replaceChildren(session.current().email);
  const isEmpty = frame.querySelector("main")?.childElementCount === 0;
  if (isEmpty) router.show();
  else focused.focus();
}

async function start() {
  document.documentElement.lang = locale;
  session.watch(askToSignIn);
  if (!session.current()) await session.renew();
  frame.append(...shell());
  frame.hidden = false;
  await router.start(VIEWS, () => dialog.ask(text.leaveQuestion, text.leave));
}

start();
