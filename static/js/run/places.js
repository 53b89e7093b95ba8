// Where the reader is on the page: links and forms that change it in place, and what a wide graph shows first.
//   <a data-inplace href="?node=...">   the address changes, the page is not loaded again
//   <form data-inplace-form>            the same with what is filled in

// What scripts write into the address, and links drawn before do not know.
const OURS = ["zoom", "centre"];

export function followInPlace(document, onMove) {
  const go = (query) => {
    const here = new URLSearchParams(location.search);
    for (const name of OURS) {
      query.delete(name);
      if (here.has(name)) query.set(name, here.get(name));
    }
    history.pushState(null, "", `?${query.toString().replaceAll("%2F", "/").replaceAll("%2C", ",")}`);
    onMove();
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-inplace]");
    if (!link || event.defaultPrevented) return;
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(new URL(link.getAttribute("href").split("#")[0], location.href).searchParams);
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-inplace-form]")) return;
    event.preventDefault();
    const query = new URLSearchParams(new FormData(event.target));
    // What is sent is typed no longer: the pane may be drawn anew.
    for (const field of event.target.querySelectorAll("input[type=search]")) field.defaultValue = field.value;
    for (const [name, value] of [...query]) if (!value) query.delete(name);
    go(query);
  });
  addEventListener("popstate", onMove);
}

export function showFire(document) {
  const canvas = document.querySelector(".canvas");
  const node = [".node[aria-current]", ".node[data-status=failed]", ".node[data-status=running]"]
    .map((selector) => canvas?.querySelector(selector)).find(Boolean);
  if (!node || new URLSearchParams(location.search).has("centre")) return;
  const [box, frame] = [node.getBoundingClientRect(), canvas.getBoundingClientRect()];
  if (box.right > frame.right) canvas.scrollLeft += box.right - frame.right + frame.width / 3;
  if (box.bottom > frame.bottom) canvas.scrollTop += box.bottom - frame.bottom + frame.height / 3;
}
