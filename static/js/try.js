// Tries what stands in a form without leaving the page: so a typed secret, which no server sends back, stays typed.
//   <button name value data-try="id">   sends its form by itself; the answer's element of that id takes the place of ours
//   <div id="id" data-busy data-lost data-signed-out data-refused data-broken>
//                                       what it says meanwhile, and where no answer came, or another than a test

function say(place, text) {
  const line = place.ownerDocument.createElement("p");
  line.className = "hint";
  line.textContent = text;
  place.replaceChildren(line);
}

async function answerOf(button, form) {
  const values = new FormData(form, button);
  const answer = await fetch(form.action, { method: "POST", body: values, cache: "no-store" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return { status: answer.status, fresh: page.getElementById(button.dataset.try) };
}

function why(place, status) {
  if (status === 401) return place.dataset.signedOut;
  return status === 403 ? place.dataset.refused : place.dataset.broken;
}

function bind(button) {
  const place = document.getElementById(button.dataset.try);
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    if (button.ariaBusy === "true" || !button.form.reportValidity()) return;
    button.ariaBusy = "true";
    say(place, place.dataset.busy);
    try {
      const { status, fresh } = await answerOf(button, button.form);
      if (fresh) place.replaceChildren(...fresh.childNodes);
      else say(place, why(place, status));
    } catch {
      say(place, place.dataset.lost);
    } finally {
      button.ariaBusy = "false";
      place.scrollIntoView({ block: "nearest" });
    }
  });
}

for (const button of document.querySelectorAll("button[data-try]")) bind(button);
