// <button data-copy="the whole text" hidden>: shown when scripts run, copies, and answers with a tick.

async function copyText(document, text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // Plain http, as in many closed networks, has no clipboard API.
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "sr";
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (!copied) throw new Error("not copied");
}

function showTick(button) {
  const use = button.querySelector("use");
  const address = use.getAttribute("href");
  const [file] = address.split("#");
  use.setAttribute("href", `${file}#check`);
  setTimeout(() => use.setAttribute("href", `${file}#copy`), 1500);
}

export function offerCopies(document) {
  for (const button of document.querySelectorAll("button[data-copy]")) button.hidden = false;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    copyText(document, button.dataset.copy).then(
      () => showTick(button),
      () => { button.hidden = true; },
    );
  });
}
