// Asks before a button marked data-confirm="<dialog id>" sends its form. The dialog's two buttons
// carry the values "yes" and "no"; Escape is "no". Without JavaScript the form is sent at once.

export function askBeforeSending(document) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-confirm]");
    if (!button || button.dataset.confirmed) return;
    const dialog = document.getElementById(button.dataset.confirm);
    if (!dialog) return;
    event.preventDefault();
    if (button.form && !button.form.reportValidity()) return;
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => answer(dialog, button), { once: true });
    dialog.showModal();
  });
}

function answer(dialog, button) {
  if (dialog.returnValue !== "yes") {
    button.focus();
    return;
  }
  button.dataset.confirmed = "yes";
  button.form.requestSubmit(button);
  delete button.dataset.confirmed;
}
