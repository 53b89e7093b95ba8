// Keeps what people typed when a form could not be sent: the session ended, something moved, we broke.
//   <form data-keep="name">          typed text is kept in this tab, under the signed-in person
//   <p data-kept hidden> inside it   shown when text was put back; its button[data-kept-drop] empties it again
//   <body data-keeps-typed>          an error or sign-in page: what was sent may not have arrived
//   <form data-forget-typed>         signing out forgets everything
// Any other page that follows a sent form means that it arrived: its text is forgotten.

const PREFIX = "typed:";

export function isKept(field) {
  return Boolean(field.name) && field.name !== "csrfmiddlewaretoken" &&
    !["hidden", "password", "file", "submit", "button"].includes(field.type);
}

export function readValues(form) {
  const values = {};
  for (const field of form.elements) {
    if (!isKept(field)) continue;
    if (field.type === "checkbox") values[`${field.name}=${field.value}`] = field.checked;
    else if (field.type !== "radio") values[field.name] = field.value;
    else if (field.checked) values[field.name] = field.value;
  }
  return values;
}

export function writeValues(form, values) {
  let changed = false;
  for (const field of form.elements) {
    if (!isKept(field)) continue;
    const isBox = field.type === "checkbox";
    const value = values[isBox ? `${field.name}=${field.value}` : field.name];
    if (value === undefined) continue;
    const before = isBox || field.type === "radio" ? field.checked : field.value;
    if (isBox) field.checked = value;
    else if (field.type === "radio") field.checked = field.value === value;
    else field.value = value;
    changed = changed || before !== (isBox || field.type === "radio" ? field.checked : field.value);
  }
  return changed;
}

function keysOf(storage) {
  return Object.keys(storage).filter((key) => key.startsWith(PREFIX));
}

function load(storage, key) {
  try {
    return JSON.parse(storage.getItem(key) || "null");
  } catch {
    return null;
  }
}

// A good answer forgets what was sent; an error or a sign-in page means that it did not arrive.
function settleSent(document, storage) {
  const isLost = document.body.hasAttribute("data-keeps-typed");
  for (const key of keysOf(storage)) {
    const kept = load(storage, key);
    if (!kept?.isSent) continue;
    if (isLost) storage.setItem(key, JSON.stringify({ ...kept, isSent: false }));
    else storage.removeItem(key);
  }
}

function guard(form, key, storage) {
  const kept = load(storage, key);
  const note = form.querySelector("[data-kept]");
  if (kept && writeValues(form, kept.values) && note) note.hidden = false;
  const save = (isSent) => storage.setItem(key, JSON.stringify({ values: readValues(form), isSent }));
  form.addEventListener("input", () => save(false));
  form.addEventListener("submit", () => save(true));
  form.querySelector("[data-kept-drop]")?.addEventListener("click", () => {
    storage.removeItem(key);
    form.reset();
    note.hidden = true;
  });
}

export function keepTypedText(document, storage) {
  settleSent(document, storage);
  const user = document.documentElement.dataset.user || "";
  for (const form of document.querySelectorAll("form[data-keep]")) {
    guard(form, `${PREFIX}${user}:${form.dataset.keep}`, storage);
  }
  for (const form of document.querySelectorAll("form[data-forget-typed]")) {
    form.addEventListener("submit", () => keysOf(storage).forEach((key) => storage.removeItem(key)));
  }
}
