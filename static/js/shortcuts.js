/* Single keys. They rest while something is typed or a dialog is open, and can be switched off for good. */

import { visit } from "/static/js/boot.js";
import { nextTheme } from "/static/js/theme.js";

const OFF = "loom.keys-off";
const GO_MS = 1500;
let going = 0;

function typing(target) {
  return target instanceof HTMLElement && (target.matches("input, textarea, select") || target.isContentEditable);
}

function move(step) {
  const links = [...document.querySelectorAll("tr.item:not([hidden]) a.row")].filter((link) => link.offsetParent);
  if (!links.length) return;
  const at = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  const next = links[Math.max(0, Math.min(links.length - 1, at + step))];
  next.focus();
  next.closest("tr").scrollIntoView({ block: "nearest" });
}

function sheet() {
  document.querySelector("#sheet")?.showModal();
  label();
}

function label() {
  const button = document.querySelector("[data-keys-toggle]");
  if (!button) return;
  button.textContent = localStorage.getItem(OFF) ? "Off" : "On";
  button.ariaPressed = String(!localStorage.getItem(OFF));
}

function toggle() {
  if (localStorage.getItem(OFF)) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "1");
  label();
}

function filter() {
  const input = document.querySelector("[data-filter], [data-query]");
  input?.focus();
  input?.select();
}

const KEYS = {
  "/": filter,
  "?": sheet,
  t: nextTheme,
  j: () => move(1),
  k: () => move(-1),
  e: () => document.querySelector("#inspector [data-open], .top [data-open], main [data-open]")?.click(),
  g: () => (going = Date.now()),
};

function press(event) {
  const page = Date.now() - going < GO_MS && document.querySelector(`.rail a[data-key="${CSS.escape(event.key)}"]`);
  const act = page ? () => visit(page.href, { push: true }) : KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  if (event.key !== "g" || page) going = 0;
  act();
}

document.addEventListener("keydown", (event) => {
  const modified = event.metaKey || event.ctrlKey || event.altKey;
  if (modified || event.defaultPrevented || typing(event.target)) return;
  if (localStorage.getItem(OFF) || document.querySelector("dialog[open]")) return;
  press(event);
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-sheet]")) sheet();
  if (event.target.closest?.("[data-keys-toggle]")) toggle();
});
