/* Filters of lists: rows that lack a word of what is typed are hidden, and the words are kept in the address. */

function rowsOf(input) {
  return [...document.querySelectorAll(input.dataset.filter)];
}

function apply(input) {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = rowsOf(input);
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
  }
  for (const body of new Set(rows.map((row) => row.parentElement))) {
    body.hidden = !body.querySelector("tr.item:not([hidden])");
  }
  tell(rows);
}

function tell(rows) {
  const shown = rows.filter((row) => !row.hidden).length;
  const count = document.querySelector("[data-shown]");
  if (count) count.textContent = `${shown} of ${rows.length}`;
  const none = document.querySelector("[data-none]");
  if (none) none.hidden = shown > 0;
}

function remember(value) {
  const url = new URL(location.href);
  if (value) url.searchParams.set("q", value);
  else url.searchParams.delete("q");
  history.replaceState(history.state, "", url);
}

document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-filter]")) return;
  apply(event.target);
  remember(event.target.value);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !event.target.matches?.("[data-filter]")) return;
  event.preventDefault();
  event.target.value = "";
  event.target.dispatchEvent(new Event("input", { bubbles: true }));
  event.target.blur();
});

document.addEventListener("htmx:afterSwap", () => {
  const input = document.querySelector("[data-filter]");
  if (input) tell(rowsOf(input));
});
