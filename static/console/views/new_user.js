// A new user: of the platform, with a phone and a password, or of WeChat, with an openid.

import { sendTyped } from "../actions.js";
import * as api from "../api.js";
import { card, el, link, say, title } from "../dom.js";
import { label } from "../fields.js";
import { control, labelled, sending } from "../form.js";
import { leave, leaveOnlyIf } from "../router.js";
import { text } from "../texts.js";

const PLATFORM = "ManagePlatform";
const WECHAT = "WeChat";
const SHOWN = ["users_idtype", "users_name", "users_phone", "openid", "email", "company_id"];
/** Addresses that the server makes for those who have none. */
const MADE = { [PLATFORM]: ({ openid }) => `${openid}@manage.local`, [WECHAT]: ({ id }) => `${id}@wechat.local` };
const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
const HINTS = { openid: text.newUser.openidHint, email: text.newUser.emailHint, password: text.newUser.passwordHint };

/** Letters that nobody can guess. The last few values of a byte are passed over, or some letters would come more often. */
function randomText(length) {
  let made = "";
  while (made.length < length) {
    const [byte] = crypto.getRandomValues(new Uint8Array(1));
    if (byte < 252) made += LETTERS[byte % LETTERS.length];
  }
  return made;
}

/** What the API wants of every user, and nobody has to think of. */
function completed(typed) {
  const user = { ...typed, id: randomText(15) };
  const isOfPlatform = user.users_idtype === PLATFORM;
  if (isOfPlatform && user.openid === "") user.openid = randomText(28);
  if (user.email === "" && user.openid !== "") user.email = MADE[user.users_idtype](user);
  if (!isOfPlatform) user.password = user.passwordConfirm = randomText(32);
  return user;
}

function fieldRows(collection) {
  const fields = SHOWN.map((name) => collection.fields.find((field) => field.name === name)).filter(Boolean);
  return fields.map((field) => [field.name, labelled(label(field.name), control(field, field.name === "users_idtype" ? PLATFORM : ""), { hint: HINTS[field.name] })]);
}

function passwordRows() {
  const input = () => el("input", { type: "password", autocomplete: "new-password" });
  return ["password", "passwordConfirm"].map((name) => [name, labelled(label(name), input(), { hint: HINTS[name] })]);
}

function read(rows) {
  return Object.fromEntries(rows.map(([name, { input }]) => [name, input.value]));
}

async function create(rows) {
  let made;
  await sendTyped(rows, async () => (made = await api.post(`api/${api.USERS}/records`, completed(read(rows)))));
  return made;
}

export async function newUser({ signal }) {
  const [collection, companies] = await Promise.all([api.get(`api/${api.USERS}`, {}, signal), api.companies(signal)]);
  const passwords = passwordRows();
  const rows = [...fieldRows(collection), ...passwords];
  const inputs = Object.fromEntries(rows.map(([name, { input }]) => [name, input]));
  inputs.company_id?.setAttribute("list", "companies");
  const known = el("datalist", { id: "companies" }, companies.map((it) => el("option", { value: it.company_id }, it.company_name)));
  inputs.users_idtype.addEventListener("change", ({ target }) => passwords.forEach(([, { element }]) => (element.hidden = target.value === WECHAT)));
  const begun = JSON.stringify(read(rows));
  leaveOnlyIf(() => JSON.stringify(read(rows)) !== begun);
  const work = async () => {
    const made = await create(rows);
    say(text.newUser.made(made.users_name || made.id));
    leave(`#/users/${made.id}`);
  };
  const form = sending({ rows: el("div", { class: "fields" }, rows.map(([, { element }]) => element)), words: text.newUser.button, work });
  return el(
    "div",
    {},
    link(text.users.back, "#/users", { class: "back" }),
    title(text.users.create),
    el("p", { class: "lead" }, text.newUser.lead),
    card(text.user.facts, form, known),
  );
}
