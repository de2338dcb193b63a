/* Buttons that act: open in editor, build again, copy. Delegated from document, because a visit swaps the whole body. */

import { authorised, post } from "/static/js/boot.js";

const SHOWN_MS = 2600;
let hiding = 0;

/** Say one line at the bottom of the window, for a moment. */
export function say(text) {
  const toast = document.querySelector(".toast");
  if (!toast) return;
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => (toast.hidden = true), SHOWN_MS);
}

async function act(url, body, done) {
  const answer = await post(url, body);
  const told = await answer.json().catch(() => ({}));
  say(answer.ok ? done : told.error ?? "That did not work");
}

async function copy(text) {
  await navigator.clipboard.writeText(text);
  say("Copied");
}

async function copyFrom(url) {
  const answer = await fetch(url, { headers: authorised(), cache: "no-store" });
  return answer.ok ? copy(await answer.text()) : say("That did not work");
}

const ACTIONS = {
  open: (id) => act("/_open", { id }, "Opened in your editor"),
  reload: () => act("/_reload", {}, "Building again"),
  copy: copyFrom,
  copyText: copy,
};

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-open], [data-reload], [data-copy], [data-copy-text]");
  if (!button) return;
  const name = Object.keys(ACTIONS).find((key) => key in button.dataset);
  ACTIONS[name](button.dataset[name]).catch(() => say("The studio does not answer"));
});
