// Sign-in of a superuser.

import * as api from "../api.js";
import { el } from "../dom.js";
import { labelled, sending } from "../form.js";
import { text } from "../texts.js";

const LAST_ADDRESS = "bai-superuser";

/** Shows the form in `place`, and resolves once somebody has signed in. */
export function signIn(place, languageLink) {
  return new Promise((resolve) => {
    const address = el("input", { type: "email", autocomplete: "username", required: true, value: sessionStorage.getItem(LAST_ADDRESS) });
    const password = el("input", { type: "password", autocomplete: "current-password", required: true });
    const work = async () => {
      await api.signIn(address.value.trim(), password.value);
      sessionStorage.setItem(LAST_ADDRESS, address.value.trim());
      resolve();
    };
    const rows = [labelled(text.signIn.address, address), labelled(text.signIn.password, password)];
    const form = sending({ rows: rows.map(({ element }) => element), words: text.signIn.button, work });
    place.replaceChildren(
      el(
        "main",
        { class: "sign-in" },
        el("p", { class: "brand" }, "bai"),
        el("h1", {}, text.signIn.title),
        el("p", { class: "hint" }, text.signIn.lead),
        form,
        languageLink,
      ),
    );
    document.title = `${text.signIn.title} · bai`;
    (address.value ? password : address).focus();
  });
}
