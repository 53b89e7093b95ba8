// A form that was sent is not sent again by a second click while the answer is on its way. The server
// refuses the second one too; its answer would then hide that the first one counted.

// Coming back by the browser's own button shows the page as it was: the form may be sent again.
const LONGEST_MS = 10_000;

export function sendOnce(document) {
  const sent = new WeakMap();
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.method !== "post") return;
    const at = sent.get(event.target);
    if (at !== undefined && Date.now() - at < LONGEST_MS) event.preventDefault();
    else sent.set(event.target, Date.now());
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) for (const form of document.forms) sent.delete(form);
  });
}
