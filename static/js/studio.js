/*
 * What the pages do on the keyboard and on click: theme, palette, shortcuts, filters, open in editor, copy. Everything is
 * delegated from document, because a visit swaps the whole body.
 */

import { authorised, post, visit } from "./boot.js";

const THEMES = ["auto", "light", "dark"];
let going = false;

function applyTheme() {
  const theme = localStorage.getItem("loom.theme") ?? "auto";
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function nextTheme() {
  const now = THEMES.indexOf(localStorage.getItem("loom.theme") ?? "auto");
  localStorage.setItem("loom.theme", THEMES[(now + 1) % THEMES.length]);
  applyTheme();
  say(`Theme: ${localStorage.getItem("loom.theme")}`);
}

function say(text) {
  const toast = document.querySelector(".toast");
  if (!toast) return;
  toast.textContent = text;
  toast.hidden = false;
  setTimeout(() => { toast.hidden = true; }, 2500);
}

async function act(url, body, done) {
  const answer = await post(url, body);
  const told = await answer.json().catch(() => ({}));
  say(answer.ok ? done : told.error ?? "That did not work");
}

async function copy(url) {
  const text = await (await fetch(url, { headers: authorised() })).text();
  await navigator.clipboard.writeText(text);
  say("Copied");
}

function filter(input) {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of document.querySelectorAll(input.dataset.filter)) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
  }
}

function move(step) {
  const rows = [...document.querySelectorAll(".list tbody tr:not([hidden]), a.step")];
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.classList.contains("current") || row === document.activeElement);
  rows[at]?.classList.remove("current");
  const next = rows[Math.max(0, Math.min(rows.length - 1, at + step))];
  next.classList.add("current");
  (next.matches("a") ? next : next.querySelector("a"))?.focus();
}

async function openPalette() {
  const dialog = document.querySelector("#palette");
  const input = dialog.querySelector("input");
  dialog.showModal();
  input.value = "";
  if (!dialog.entries) {
    dialog.entries = [...document.querySelectorAll(".rail a")].map((a) => [a.firstChild.textContent.trim(), a.getAttribute("href")]);
    for (const url of ["/plans", "/routes"]) dialog.entries.push(...await rowsOf(url));
  }
  offer(dialog);
}

async function rowsOf(url) {
  const html = await (await fetch(url, { headers: authorised({ Accept: "text/html" }) })).text();
  const page = new DOMParser().parseFromString(html, "text/html");
  return [...page.querySelectorAll("tbody tr")].filter((row) => row.querySelector("a")).map((row) => {
    const method = row.querySelector(".method")?.textContent ?? "";
    const link = row.querySelector("a");
    return [`${method} ${link.textContent}`.trim(), link.getAttribute("href")];
  });
}

function offer(dialog) {
  const words = dialog.querySelector("input").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = dialog.entries.filter(([text]) => words.every((word) => text.toLowerCase().includes(word))).slice(0, 12);
  dialog.querySelector("ul").replaceChildren(...found.map(([text, href], index) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    item.setAttribute("aria-selected", String(index === 0));
    link.href = href;
    link.textContent = text;
    item.append(link);
    return item;
  }));
}

function typing(target) {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}

const KEYS = {
  "/": () => document.querySelector("[data-filter]")?.focus(),
  "?": () => document.querySelector("#keys")?.showModal(),
  t: nextTheme,
  j: () => move(1),
  k: () => move(-1),
  g: () => { going = true; setTimeout(() => { going = false; }, 1200); },
};

document.addEventListener("keydown", (event) => {
  if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
  } else if (event.key === "Enter" && event.target.closest?.("#palette")) {
    const link = document.querySelector("#palette li a");
    document.querySelector("#palette").close();
    if (link) visit(link.getAttribute("href"), { push: true });
  } else if (!typing(event.target) && !event.metaKey && !event.ctrlKey && !event.altKey) {
    shortcut(event);
  }
});

function shortcut(event) {
  const link = going && document.querySelector(`.rail a[data-key="${CSS.escape(event.key)}"]`);
  if (link) {
    going = false;
    visit(link.getAttribute("href"), { push: true });
  } else if (KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  }
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-filter]")) filter(event.target);
  else if (event.target.closest("#palette")) offer(event.target.closest("#palette"));
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-open], [data-reload], [data-copy]");
  if (!button) return;
  if (button.dataset.open) act("/_open", { id: button.dataset.open }, "Opened in your editor");
  else if (button.dataset.copy) copy(button.dataset.copy);
  else act("/_reload", {}, "Building again");
});

document.addEventListener("loom:status", (event) => {
  if (document.querySelector(".top .status")) refreshStatus();
});

async function refreshStatus() {
  const html = await (await fetch("/changes", { headers: authorised({ Accept: "text/html" }) })).text();
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector(".top .status");
  if (fresh) document.querySelector(".top .status")?.replaceWith(fresh);
}

applyTheme();
