/* The palette: Cmd/Ctrl-K. The server finds and ranks; this opens, moves the choice and goes. */

import { visit } from "/static/js/boot.js";

function dialog() {
  return document.querySelector("#palette");
}

/** Open the palette, empty. */
export function openPalette() {
  const palette = dialog();
  if (!palette || palette.open) return;
  palette.showModal();
  const input = palette.querySelector("input");
  input.value = "";
  input.focus();
  window.htmx.trigger(input, "palette");
}

function choose(step) {
  const options = [...dialog().querySelectorAll("[role=option]")];
  const at = options.findIndex((option) => option.ariaSelected === "true");
  const next = options[Math.max(0, Math.min(options.length - 1, at + step))];
  options[at]?.setAttribute("aria-selected", "false");
  next?.setAttribute("aria-selected", "true");
  next?.scrollIntoView({ block: "nearest" });
  if (next) dialog().querySelector("input").setAttribute("aria-activedescendant", next.id);
}

function go() {
  const link = dialog().querySelector("[aria-selected=true] a");
  if (!link) return;
  dialog().close();
  visit(link.href, { push: true });
}

const KEYS = { ArrowDown: () => choose(1), ArrowUp: () => choose(-1), Enter: go };

document.addEventListener("keydown", (event) => {
  if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
  } else if (event.target.closest?.("#palette") && KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-palette]")) openPalette();
  if (event.target.matches?.("dialog")) event.target.close(); // the backdrop
  event.target.closest?.("[data-close]")?.closest("dialog").close();
  if (event.target.closest?.("#found a")) dialog().close();
});
