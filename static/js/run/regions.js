// Replaces parts of the page by what the server draws of them now, and keeps focus and scrolling where they were.
//   <div data-region="live" id="r-live">   replaced as a whole; #chosen and #log may be replaced alone

const IDS = { chosen: "chosen", log: "log" };

export class Regions {
  constructor(document, addresses, onReplacing, onReplaced) {
    Object.assign(this, { document, addresses, onReplacing, onReplaced, wanted: new Set(), isBusy: false });
  }

  // Asks once for all that was wanted meanwhile.
  async refresh(...names) {
    for (const name of names) this.wanted.add(name);
    if (this.isBusy) return;
    this.isBusy = true;
    try {
      while (this.wanted.size) {
        const now = [...this.wanted];
        this.wanted.clear();
        await this.fetchAndReplace(now);
      }
    } catch {
      // The next change of state, or a reload, draws it: what stands says how old it is.
    } finally {
      this.isBusy = false;
    }
  }

  async fetchAndReplace(names) {
    const isLog = names.length === 1 && names[0] === "log";
    const node = this.document.getElementById("chosen")?.dataset.chosen || "";
    const address = isLog ? `${this.addresses.log}?${logQuery(node)}` : this.addresses.graph + location.search;
    const answer = await fetch(address, { cache: "no-store" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const focus = this.focused();
    this.onReplacing();
    for (const name of names) this.replace(name, fresh);
    this.onReplaced(names);
    this.restore(focus);
  }

  replace(name, fresh) {
    const id = IDS[name] || `r-${name}`;
    const [before, after] = [this.document.getElementById(id), fresh.getElementById(id)];
    if (!before || !after || isBeingTyped(before)) return;
    const places = scrolled(before);
    before.replaceWith(this.document.adoptNode(after));
    for (const [selector, left, top] of places) this.document.querySelector(selector)?.scrollTo(left, top);
  }

  focused() {
    const element = this.document.activeElement?.closest?.("[data-key], [data-box], [id]");
    if (!element || element === this.document.body) return "";
    if (element.dataset.key) return `.${element.classList[0] || "x"}[data-key="${element.dataset.key}"]`;
    if (element.dataset.box) return `[data-box="${CSS.escape(element.dataset.box)}"]`;
    return `#${CSS.escape(element.id)}`;
  }

  restore(selector) {
    if (!selector || this.document.activeElement !== this.document.body) return;
    const element = this.document.querySelector(selector);
    (element?.matches("g") ? element.querySelector("a") : element)?.focus({ preventScroll: true });
  }
}

function scrolled(element) {
  return ["[data-canvas]", "#log pre", "#chosen"].flatMap((selector) => {
    const place = element.matches(selector) ? element : element.querySelector(selector);
    return place ? [[selector, place.scrollLeft, place.scrollTop]] : [];
  });
}

// What the address asks of the log counts for the subtask that it names; another's is drawn as it comes.
function logQuery(node) {
  const query = new URLSearchParams(location.search);
  query.set("node", node);
  return query;
}

function isBeingTyped(element) {
  return [...element.querySelectorAll("textarea, input[type=search]")].some((field) => field.value !== field.defaultValue);
}
