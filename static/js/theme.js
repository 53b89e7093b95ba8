// <form data-theme-switch> with buttons name="theme": changes the colours at once and tells the server,
// which keeps the choice in a cookie. Without JavaScript the form itself does it.

function show(document, theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const button of document.querySelectorAll("[data-theme-switch] button")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
}

export function switchTheme(document) {
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-theme-switch]");
    if (!form || !event.submitter) return;
    event.preventDefault();
    show(document, event.submitter.value);
    const body = new URLSearchParams(new FormData(form, event.submitter));
    fetch(form.action, { method: "POST", body, redirect: "manual" });
  });
}
