// Questions before what cannot be taken back.

import { button, el } from "./dom.js";
import { labelled } from "./form.js";
import { text } from "./texts.js";

/** Asks; resolves to whether the answer was yes. Escape is no. A notice has one answer only; `details` are below the question; `onopen` gets the button that says yes. */
export function ask(question, yes, { isDestructive = false, isNotice = false, details, onopen } = {}) {
  return new Promise((resolve) => {
    const dialog = el("dialog", { "aria-labelledby": "question", onclose: () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    } });
    const confirm = button(yes, () => dialog.close("yes"), { class: isDestructive ? "danger" : "main" });
    dialog.append(
      el("p", { id: "question" }, question),
      details ?? "",
      el(
        "div",
        { class: "actions" },
        isNotice ? "" : button(text.cancel, () => dialog.close("no")),
        confirm,
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
    onopen?.(confirm);
  });
}

/** Answers no to every open question. */
export function closeAll() {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close("no");
}

/** Asks like `ask`, before what is worth a second thought: the answer can be yes once `wanted` was typed. */
export function askTyped(question, yes, wanted) {
  const { element, input } = labelled(text.typeToConfirm(wanted), el("input", { type: "text", autocomplete: "off", spellcheck: "false", autocapitalize: "off" }));
  const onopen = (confirm) => {
    const follow = () => (confirm.disabled = input.value.trim() !== wanted);
    input.addEventListener("input", follow);
    input.addEventListener("keydown", ({ key }) => key === "Enter" && confirm.click());
    follow();
    input.focus();
  };
  return ask(question, yes, { isDestructive: true, details: element, onopen });
}
