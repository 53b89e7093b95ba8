// What the rules of markup.yaml must catch (ruleid) and must let pass (ok).
export function show(node, text) {
  // ruleid: html-from-text
  node.innerHTML = text;
  // ruleid: html-from-text
  node.outerHTML = text;
  // ruleid: html-from-text
  node.insertAdjacentHTML("beforeend", text);
  // ruleid: html-from-text
  document.write(text);
  // ruleid: html-from-text
  eval(text);
  // ok: html-from-text
  node.textContent = text;
}
