// Where the reader is on the page: links that change it in place, and what a wide graph shows first.
//   <a data-inplace href="?node=...">   the address changes, the page is not loaded again

export function followInPlace(document, onMove) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-inplace]");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    history.pushState(null, "", new URL(link.getAttribute("href").split("#")[0], location.href));
    onMove();
  });
  addEventListener("popstate", onMove);
}

export function showFire(document) {
  const canvas = document.querySelector("[data-canvas]");
  const node = [".node[aria-current]", ".node[data-status=failed]", ".node[data-status=running]"]
    .map((selector) => canvas?.querySelector(selector)).find(Boolean);
  if (!node) return;
  const [box, frame] = [node.getBoundingClientRect(), canvas.getBoundingClientRect()];
  if (box.right > frame.right) canvas.scrollLeft += box.right - frame.right + frame.width / 3;
}
