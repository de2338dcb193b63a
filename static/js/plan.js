/*
 * The drawn plan: arrow keys walk its steps, Enter or a click inspects one, Esc closes the inspector, and the lines of
 * the step under the pointer or the focus stand out. The server draws; this only asks it again and sets classes.
 */

const MOVES = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

function steps() {
  return [...document.querySelectorAll("#plan a.step")];
}

/** Show `href` in place of the plan; the step that was focused keeps the focus. */
async function show(href) {
  const url = new URL(href, location.href);
  history.replaceState(history.state, "", url);
  url.searchParams.set("part", "plan");
  await window.htmx.ajax("GET", url.pathname + url.search, { target: "#plan", swap: "morph:outerHTML" });
  reveal();
  light(document.activeElement?.closest?.("a.step") ?? null);
}

function reveal() {
  const step = document.querySelector("#plan a.step.selected") ?? document.querySelector("#plan a.step.run-failed");
  step?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/** The nearest step in the next lane that has one, or the next one in the same lane. */
function neighbour(step, [across, down]) {
  const lanes = Map.groupBy(steps(), (one) => one.dataset.lane);
  const names = [...lanes.keys()];
  const lane = lanes.get(step.dataset.lane);
  if (down) return lane[lane.indexOf(step) + down];
  const other = lanes.get(names[names.indexOf(step.dataset.lane) + across]);
  return other?.reduce((best, one) => (distance(one, step) < distance(best, step) ? one : best));
}

function distance(one, other) {
  return Math.abs(one.getBBox().y - other.getBBox().y);
}

function focus(step) {
  if (!step) return;
  for (const one of steps()) one.setAttribute("tabindex", one === step ? "0" : "-1");
  step.focus({ preventScroll: true });
  step.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/** Light the edges of `step` and name the steps at their other ends; null: only those of the selected one. */
function light(step) {
  const drawing = document.querySelector("#plan .drawing");
  if (!drawing) return;
  const asked = new URL(location.href).searchParams.get("step");
  const id = step?.dataset.step ?? asked;
  const ends = new Set();
  for (const edge of drawing.querySelectorAll(".edge")) {
    const { from, to } = edge.dataset;
    const lit = id === from || id === to;
    edge.classList.toggle("lit", lit);
    if (lit) ends.add(from).add(to);
  }
  drawing.classList.toggle("lighting", ends.size > 0);
  for (const one of steps()) one.classList.toggle("near", one.dataset.step !== id && ends.has(one.dataset.step));
}

function beside(step, by) {
  const all = steps();
  const at = all.findIndex((one) => one === step || one.classList.contains("selected"));
  return all[Math.max(0, Math.min(all.length - 1, at + by))];
}

function onStep(event, step) {
  if (MOVES[event.key]) focus(neighbour(step, MOVES[event.key]));
  else if (event.key === "Enter" || event.key === " ") show(step.getAttribute("href"));
  else return;
  event.preventDefault();
}

document.addEventListener("keydown", (event) => {
  if (!document.querySelector("#plan .drawing") || document.querySelector("dialog[open]")) return;
  if (event.metaKey || event.ctrlKey || event.altKey || event.target.matches?.("input, textarea")) return;
  const step = event.target.closest?.("a.step");
  if (step) onStep(event, step);
  if (event.key === "Escape") document.querySelector("[data-inspector-close]")?.click();
  if (event.key === "]" || event.key === "[") {
    const next = beside(step, event.key === "]" ? 1 : -1);
    focus(next);
    show(next.getAttribute("href"));
  }
});

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("#plan a.step, #plan [data-step-link]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  event.stopPropagation();
  show(link.getAttribute("href"));
}, { capture: true });

for (const name of ["pointerover", "focusin"]) {
  document.addEventListener(name, (event) => {
    if (event.target.closest?.("#canvas")) light(event.target.closest("a.step"));
  });
}
document.addEventListener("loom:page", () => {
  light(null);
  reveal();
});
