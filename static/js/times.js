/* Relative times grow old: every few seconds each one is said anew. The server's words are the same. */

const UNITS = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]];
const EVERY_MS = 5_000;

function ago(seconds) {
  const unit = UNITS.find(([, size]) => seconds >= size);
  return unit ? `${Math.floor(seconds / unit[1])} ${unit[0]} ago` : "now";
}

function refresh() {
  if (document.hidden) return;
  for (const time of document.querySelectorAll("time[title]")) {
    const text = ago((Date.now() - Date.parse(time.dateTime)) / 1000);
    if (text !== time.textContent) time.textContent = text;
  }
}

setInterval(refresh, EVERY_MS);
document.addEventListener("visibilitychange", refresh);
