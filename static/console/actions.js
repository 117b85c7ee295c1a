// What is done with the thing that a view shows: buttons that ask first, a new password.

import { ask } from "./dialog.js";
import { busy, button, card, el, say } from "./dom.js";
import { labelled, sending, showProblems } from "./form.js";
import { text } from "./texts.js";

/** Does `work` with the button disabled, and tells how it went. */
export async function run(pressed, work, done) {
  try {
    await busy(pressed, work);
    say(done);
  } catch (error) {
    say(error.message);
  }
}

/** A button that asks before it does `work`. */
export function askingButton(words, question, work, done, { isDestructive = false, ...attributes } = {}) {
  const onclick = async ({ currentTarget: pressed }) => {
    if (await ask(question, words, { isDestructive })) await run(pressed, work, done);
  };
  return button(words, onclick, { class: isDestructive ? "danger" : undefined, ...attributes });
}

/** The two inputs of a new password: `body()` is what the API takes, `show(problems)` marks what is wrong. */
export function passwordInputs(hint) {
  const input = () => el("input", { type: "password", autocomplete: "new-password" });
  const rows = [["password", labelled(text.user.newPassword, input(), { hint })], ["passwordConfirm", labelled(text.user.passwordAgain, input())]];
  return {
    rows,
    body: () => Object.fromEntries(rows.map(([name, { input: typed }]) => [name, typed.value])),
    clear: () => rows.forEach(([, { input: typed }]) => (typed.value = "")),
    isChanged: () => rows.some(([, { input: typed }]) => typed.value !== ""),
  };
}

/** Sends what was typed; what the server says of a field is shown at it, and of others in the error. */
export async function sendTyped(rows, send) {
  try {
    await send();
  } catch (error) {
    const rest = showProblems(rows, error.fields ?? {});
    throw rest.length > 0 ? new Error(rest.join(" ")) : error;
  }
  showProblems(rows, {});
}

/** A part of a page that sets a password by `set(body)`. */
export function passwordCard({ hint, set }) {
  const inputs = passwordInputs(hint);
  const work = async () => {
    await sendTyped(inputs.rows, () => set(inputs.body()));
    inputs.clear();
  };
  const fields = el("div", { class: "fields" }, inputs.rows.map(([, { element }]) => element));
  const form = sending({ rows: fields, words: text.user.setPassword, work });
  return { element: card(text.user.setPassword, form), isChanged: inputs.isChanged };
}
