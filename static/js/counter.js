// Says how much room a long text has left.
//   <textarea id="a" maxlength="4000">
//   <p data-counter-for="a" data-text="{n} of {limit} characters" hidden>   shown when scripts run
// Spoken only near the end, so that a screen reader does not count along.

const NEAR = 0.9;

export function counterWords(text, length, limit) {
  return text.replace("{n}", String(length)).replace("{limit}", String(limit));
}

function follow(line, field) {
  const limit = field.maxLength;
  const show = () => {
    line.textContent = counterWords(line.dataset.text, field.value.length, limit);
    line.setAttribute("aria-live", field.value.length > limit * NEAR ? "polite" : "off");
  };
  line.hidden = false;
  field.addEventListener("input", show);
  field.form.addEventListener("reset", () => setTimeout(show));
  show();
}

if (typeof document !== "undefined") {
  for (const line of document.querySelectorAll("[data-counter-for]")) {
    const field = document.getElementById(line.dataset.counterFor);
    if (field) follow(line, field);
  }
}
