// Keeps "4 s ago" true while the page is open, and turns a freshness pill stale.
//   <time data-ago datetime="...">      its text is rewritten each second
//   <span data-fresh data-stale-after="90">  gets data-status="stale" when its time grows older (seconds)
//   <html data-now="...">               the server's clock when the page was made
//   <body data-ago-s="{n} s ago" data-ago-min data-ago-h data-ago-day>  the words
// A live page only sets the datetime of the time elements; nothing here is told about it.

// The reader's clock may be wrong; ages are counted from the server's.
export function clockOffset(serverNow, browserNow) {
  const server = Date.parse(serverNow || "");
  return Number.isNaN(server) ? 0 : server - browserNow;
}

export function ageWords(seconds, words) {
  const steps = [
    [60, 1, words.agoS],
    [3600, 60, words.agoMin],
    [48 * 3600, 3600, words.agoH],
    [Infinity, 86400, words.agoDay],
  ];
  const age = Math.max(0, Math.floor(seconds));
  const [, unit, text] = steps.find(([limit]) => age < limit);
  return text.replace("{n}", String(Math.floor(age / unit)));
}

function ageOf(time, now) {
  return (now - Date.parse(time.getAttribute("datetime"))) / 1000;
}

function markStale(pill, now) {
  const time = pill.querySelector("time");
  const status = pill.dataset.status || "";
  if (!time || (status && status !== "stale")) return; // a silent OCP or worker says more than an age
  if (ageOf(time, now) > Number(pill.dataset.staleAfter)) pill.dataset.status = "stale";
  else delete pill.dataset.status;
}

export function keepAgesTrue(document) {
  const offset = clockOffset(document.documentElement.dataset.now, Date.now());
  const words = document.body.dataset;
  const refresh = () => {
    const now = Date.now() + offset;
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const text = ageWords(ageOf(time, now), words);
      if (time.textContent !== text) time.textContent = text;
    }
    for (const pill of document.querySelectorAll("[data-fresh]")) markStale(pill, now);
  };
  refresh();
  setInterval(refresh, 1000);
}
