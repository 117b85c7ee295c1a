// One superuser: set password, end sessions, remove.

import * as api from "../api.js";
import { askingButton, passwordCard } from "../actions.js";
import { card, el, link, say, title } from "../dom.js";
import { label } from "../fields.js";
import { leave, leaveOnlyIf } from "../router.js";
import * as session from "../session.js";
import { text, time } from "../texts.js";
import { allSuperusers } from "./superusers.js";

function facts(superuser) {
  const rows = [["id", superuser.id], ["created", time(superuser.created)], ["updated", time(superuser.updated)]];
  return el("dl", { class: "facts" }, rows.map(([name, value]) => el("div", {}, el("dt", {}, label(name)), el("dd", {}, value))));
}

function sessionsButton({ email }, path, isOwn) {
  const end = () => api.patch(path, { "tokenKey:autogenerate": "" });
  const question = isOwn ? text.superuser.endOwnSessionsQuestion : text.superuser.endSessionsQuestion(email);
  return askingButton(text.user.endSessions, question, () => thenSignIn(isOwn, end), text.user.sessionsEnded);
}

/** Whoever has ended the own token signs in again. */
async function thenSignIn(isOwn, work) {
  await work();
  if (isOwn) await session.renew();
}

/** The last one stays: nobody could sign in any more. */
function removeButton({ email }, path, isOwn, isLast) {
  const remove = async () => {
    await api.remove(path);
    leaveOnlyIf(() => false);
    if (isOwn) await session.renew();
    leave("#/superusers");
  };
  const question = isOwn ? text.superuser.removeOwnQuestion : text.superuser.removeQuestion(email);
  const attributes = { isDestructive: true, disabled: isLast, "aria-describedby": isLast ? "last" : undefined };
  const button = askingButton(text.remove, question, remove, text.removed(email), attributes);
  return [button, isLast && el("p", { class: "hint", id: "last" }, text.superuser.last)].filter(Boolean);
}

export async function superuser({ parts: [id], signal }) {
  const path = `api/${api.SUPERUSERS}/records/${encodeURIComponent(id)}`;
  const [found, all] = await Promise.all([api.get(path, {}, signal), allSuperusers(signal)]);
  const isOwn = id === session.current()?.id;
  const set = async (body) => {
    await thenSignIn(isOwn, () => api.patch(path, body));
    say(text.user.passwordSet);
  };
  const password = passwordCard({ hint: isOwn ? text.superuser.ownPasswordHint : text.superusers.passwordHint, set });
  leaveOnlyIf(password.isChanged);
  return el(
    "div",
    {},
    link(text.superusers.back, "#/superusers", { class: "back" }),
    el("div", { class: "heading" }, title(found.email), isOwn ? el("span", { class: "badge" }, text.superusers.you) : ""),
    card(text.superuser.facts, facts(found), el("div", { class: "actions" }, sessionsButton(found, path, isOwn), removeButton(found, path, isOwn, all.length === 1))),
    password.element,
  );
}
