/* The theme: auto, light or dark, kept in this origin's localStorage and set on the root element. */

import { say } from "/static/js/actions.js";

const STORED_AS = "loom.theme";
const THEMES = ["auto", "light", "dark"];

function current() {
  const stored = localStorage.getItem(STORED_AS);
  return THEMES.includes(stored) ? stored : "auto";
}

function apply() {
  const theme = current();
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const name of document.querySelectorAll("[data-theme-name]")) name.textContent = `Theme: ${theme}`;
}

/** Switch to the theme after the current one. */
export function nextTheme() {
  localStorage.setItem(STORED_AS, THEMES[(THEMES.indexOf(current()) + 1) % THEMES.length]);
  apply();
  say(`Theme: ${current()}`);
}

document.addEventListener("loom:page", apply);
document.addEventListener("click", (event) => event.target.closest?.("[data-theme-next]") && nextTheme());
window.addEventListener("storage", (event) => event.key === STORED_AS && apply());
apply();
