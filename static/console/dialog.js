// Questions before what cannot be taken back.

import { button, el } from "./dom.js";
import { labelled } from "./form.js";
import { text } from "./texts.js";

/** Asks; resolves to whether the answer was yes. Escape is no. A notice has one answer only; `details` are below the question. */
export function ask(question, yes, { isDestructive = false, isNotice = false, details } = {}) {
  return new Promise((resolve) => {
    const dialog = el("dialog", { "aria-labelledby": "question", onclose: () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    } });
    dialog.append(
      el("p", { id: "question" }, question),
      details ?? "",
      el(
        "div",
        { class: "actions" },
        isNotice ? "" : button(text.cancel, () => dialog.close("no")),
        button(yes, () => dialog.close("yes"), { class: isDestructive ? "danger" : "main" }),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Answers no to every open question. */
export function closeAll() {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close("no");
}

/** Asks like `ask`, before what is worth a second thought: the answer is yes once `wanted` was typed. */
export function askTyped(question, yes, wanted) {
  return new Promise((resolve) => {
    const { element, input } = labelled(text.typeToConfirm(wanted), el("input", { type: "text", autocomplete: "off", spellcheck: "false", autocapitalize: "off" }));
    const confirm = el("button", { class: "danger", disabled: true }, yes);
    input.addEventListener("input", () => (confirm.disabled = input.value.trim() !== wanted));
    const form = el("form", { method: "dialog" }, el("p", { id: "question" }, question), element, el("div", { class: "actions" }, button(text.cancel, () => dialog.close("no")), confirm));
    confirm.value = "yes";
    const dialog = el("dialog", { "aria-labelledby": "question", onclose: () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    } }, form);
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
  });
}
