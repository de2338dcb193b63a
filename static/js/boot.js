/*
 * How a document becomes a page. Every document the server gives away without a key is the same static shell; this module
 * finds the key, fetches the page with it and swaps the page's body in. The key lives in this origin's localStorage and in
 * the Authorization header, nowhere else.
 */

const STORED_AS = "loom.key";
const shell = [...document.body.cloneNode(true).childNodes];
let visits = 0;

// htmx parses and swaps what our server rendered and escaped. Script text and script addresses have no policy: refused.
window.trustedTypes?.createPolicy("default", { createHTML: (html) => html });

/** The key, or null where this browser has none. */
export function key() {
  return localStorage.getItem(STORED_AS);
}

/** The headers every call must carry. */
export function authorised(headers = {}) {
  return { ...headers, Authorization: `Bearer ${key()}` };
}

/** Forget the key and show how to get one. */
export function lock() {
  localStorage.removeItem(STORED_AS);
  showShell("locked");
}

/** Send JSON to an action; resolves to the Response. */
export function post(url, body = {}) {
  const headers = authorised({ "Content-Type": "application/json" });
  return fetch(url, { method: "POST", headers, body: JSON.stringify(body) }).then(refuseLocked);
}

/** Show the page at `url`; `push` makes it a step of the history. Fires `loom:page` on document when it is there. */
export async function visit(url, { push = false } = {}) {
  const turn = ++visits;
  let answer;
  try {
    answer = await fetch(url, { headers: authorised({ Accept: "text/html" }), cache: "no-store" }).then(refuseLocked);
  } catch {
    if (document.body.dataset.page === "shell") showShell("away");
    return;
  }
  const html = await answer.text();
  if (turn !== visits || answer.status === 401) return;
  if (push) history.pushState(null, "", url);
  show(new DOMParser().parseFromString(html, "text/html"));
  if (push) window.scrollTo(0, 0);
}

function refuseLocked(answer) {
  if (answer.status === 401) lock();
  return answer;
}

function show(page) {
  document.title = page.title;
  swapBody([...page.body.childNodes], page.body.attributes);
  window.htmx.process(document.body);
  document.dispatchEvent(new CustomEvent("loom:page"));
}

function showShell(state) {
  document.title = "loom studio";
  swapBody(shell.map((node) => node.cloneNode(true)), []);
  document.body.dataset.page = "shell";
  for (const part of document.querySelectorAll("[data-shell]")) part.hidden = part.dataset.shell !== state;
}

function swapBody(nodes, attributes) {
  const kept = document.body.dataset.live;
  for (const { name } of [...document.body.attributes]) document.body.removeAttribute(name);
  for (const { name, value } of attributes) document.body.setAttribute(name, value);
  if (kept) document.body.dataset.live = kept;
  document.body.setAttribute("hx-ext", "morph, loom-json");
  document.body.replaceChildren(...nodes);
}

/** Take a key from the address, if there is one, and clear the address bar. */
function takeKey() {
  const found = /^#k=([\w-]+)$/.exec(location.hash);
  if (!found) return false;
  localStorage.setItem(STORED_AS, found[1]);
  history.replaceState(null, "", location.pathname + location.search);
  return true;
}

function start() {
  window.htmx.defineExtension("loom-json", { encodeParameters: encodeJson });
  takeKey();
  if (!key()) return showShell("locked");
  showShell("loading");
  return visit(location.href);
}

/** Bodies are JSON: what a form could send without a script is refused by the server. */
function encodeJson(_xhr, parameters) {
  const values = {};
  for (const name of new Set(parameters.keys())) {
    const all = parameters.getAll(name);
    values[name] = all.length > 1 ? all : all[0];
  }
  return JSON.stringify(values);
}

function followLink(event) {
  const link = event.target.closest?.("a[href]");
  const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute("download")) return;
  if (link.origin !== location.origin || link.pathname.startsWith("/static/")) return;
  if (link.hash && link.href.split("#")[0] === location.href.split("#")[0]) return;
  event.preventDefault();
  visit(link.href, { push: link.href !== location.href });
}

function followForm(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "get") return;
  event.preventDefault();
  const url = new URL(form.action, location.href);
  url.search = new URLSearchParams(new FormData(form, event.submitter)).toString();
  visit(url.href, { push: true });
}

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers.Authorization = authorised().Authorization;
  if (event.detail.verb !== "get") event.detail.headers["Content-Type"] = "application/json";
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status !== 401) return;
  event.detail.shouldSwap = false;
  lock();
});
document.addEventListener("click", followLink);
document.addEventListener("submit", followForm);
window.addEventListener("hashchange", () => takeKey() && visit(location.href));
window.addEventListener(
  "popstate",
  (event) => {
    event.stopImmediatePropagation(); // pages come from here, not from htmx's own history
    if (key()) visit(location.href);
  },
  { capture: true },
);
document.addEventListener("DOMContentLoaded", start, { once: true });
