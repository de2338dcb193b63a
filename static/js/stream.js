/*
 * How a page hears of changes: one stream per tab, read with fetch because EventSource cannot send a header. Every fact
 * becomes a DOM event on document (`loom:build`, detail = its data); elements that care re-fetch their own part. The stream
 * is closed while the tab is hidden and resumes with the last fact it saw.
 */

import { authorised, key, lock, visit } from "/static/js/boot.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

let open = null; // AbortController of the running stream
let lastId = null;

async function run(signal) {
  let wait = FIRST_WAIT_MS;
  while (!signal.aborted) {
    const heard = await listen(signal).catch(() => false);
    if (signal.aborted) return;
    mark("off");
    wait = heard ? FIRST_WAIT_MS : Math.min(wait * 2, LONGEST_WAIT_MS);
    await pause(wait * (0.75 + Math.random() / 2), signal);
  }
}

/** Read one stream to its end; true where it was answered. */
async function listen(signal) {
  const headers = authorised(lastId === null ? {} : { "Last-Event-ID": lastId });
  const answer = await fetch("/_events", { headers, signal, cache: "no-store" });
  if (answer.status === 401) {
    stop();
    lock();
  }
  if (!answer.ok) return false;
  mark("on");
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    const blocks = (text + chunk.value).split("\n\n");
    text = blocks.pop();
    for (const block of blocks) tell(parse(block));
  }
  return true;
}

function parse(block) {
  const event = { name: "", id: null, data: "" };
  for (const line of block.split("\n")) {
    const [field, ...rest] = line.split(": ");
    const value = rest.join(": ");
    if (field === "event") event.name = value;
    if (field === "id") event.id = value;
    if (field === "data") event.data += value;
  }
  return event;
}

function tell({ name, id, data }) {
  if (!/^[a-z_]+$/.test(name)) return; // a ping is a comment and has no name
  const detail = JSON.parse(data || "{}");
  if (id !== null) lastId = id;
  if (name === "hello") greet(detail);
  document.dispatchEvent(new CustomEvent(`loom:${name}`, { detail }));
}

/** A gap means that facts were missed for good: the whole page is fetched again. */
function greet({ fact, gap }) {
  if (lastId === null || gap) lastId = String(fact);
  if (gap) visit(location.href);
}

function pause(ms, signal) {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), done()), { once: true });
  });
}

function mark(state) {
  document.body.dataset.live = state;
}

function start() {
  if (open || document.hidden || !key()) return;
  open = new AbortController();
  run(open.signal);
}

function stop() {
  open?.abort();
  open = null;
}

document.addEventListener("loom:page", start);
document.addEventListener("visibilitychange", () => (document.hidden ? stop() : start()));
