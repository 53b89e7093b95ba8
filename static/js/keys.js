// Single keys, for who knows them; everything they do is also a link or a button.
//   <dialog data-keys>        lists them: "?", or a[data-keys-open]
//   <a data-go="c">           followed by "g", then "c"
//   <input type="search">     focused by "/"; without one, the first field of the page's search form
//   <a data-press="e">        followed by that key alone
//   .twin, tr[data-key]       a run's subtasks: "j" the next, "k" the previous
//   <a data-step="next">      followed by "j", and data-step="previous" by "k": from one request to the next
//   <body data-no-shortcuts>  the reader has switched single keys off

const SECOND_KEY_MS = 2000;
const TYPED_IN = "input, textarea, select, [contenteditable]";
const SEARCHES = ["input[type=search]", "[role=search] input:not([type=hidden])"];

function isForUs(document, event) {
  return !event.defaultPrevented && !event.isComposing && !event.ctrlKey && !event.metaKey && !event.altKey &&
    !event.target.closest?.(TYPED_IN) && !document.querySelector("dialog[open]");
}

function search(document) {
  const found = SEARCHES.flatMap((selector) => [...document.querySelectorAll(selector)]);
  const field = found.find((candidate) => candidate.checkVisibility());
  field?.focus();
  field?.select();
  return Boolean(field);
}

// In the list's reading order, each as what stands for it in the view that is shown.
function steps(document) {
  const listed = [...document.querySelectorAll(".twin a.st")];
  const drawn = listed.map((line) => {
    if (line.checkVisibility()) return line;
    const { key, box } = line.dataset;
    const place = document.querySelector(`.dag [data-${key ? "key" : "box"}="${CSS.escape(key || box)}"]`);
    return place?.matches("a") ? place : place?.querySelector("a");
  });
  return listed.length ? drawn.filter(Boolean) : [...document.querySelectorAll("tr[data-key] a")];
}

function move(document, by) {
  const step = document.querySelector(`a[data-step="${by > 0 ? "next" : "previous"}"]`);
  if (step) {
    step.click();
    return true;
  }
  const all = steps(document);
  const at = all.indexOf(document.activeElement);
  const next = at < 0 ? all[by > 0 ? 0 : all.length - 1] : all[at + by];
  next?.focus();
  return all.length > 0;
}

function press(document, key) {
  const place = document.querySelector(`a[data-press="${CSS.escape(key)}"]`);
  place?.click();
  return Boolean(place);
}

export function hearKeys(document) {
  const dialog = document.querySelector("dialog[data-keys]");
  if (!dialog) return;
  let begunAt = -Infinity;
  const acts = {
    "?": () => { dialog.showModal(); return true; },
    "\uff1f": () => acts["?"](),
    "/": () => search(document),
    g: (event) => { begunAt = event.timeStamp; return true; },
    j: () => move(document, 1),
    k: () => move(document, -1),
  };
  document.addEventListener("keydown", (event) => {
    if (document.body.hasAttribute("data-no-shortcuts") || !isForUs(document, event)) return;
    const isSecond = event.timeStamp - begunAt < SECOND_KEY_MS;
    begunAt = -Infinity;
    const place = isSecond && document.querySelector(`a[data-go="${CSS.escape(event.key)}"]`);
    if (place) place.click();
    if (place || acts[event.key]?.(event) || press(document, event.key)) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("a[data-keys-open]")) return;
    event.preventDefault();
    dialog.showModal();
  });
}
