// Keeps a large graph light: what lies outside the frame is not painted, and where more than MOST elements would be, all
// lines are one path a kind and, from afar, all nodes one path a state. A small graph is left alone.
// A node that is not painted can still be reached by Tab and is painted as it gets the focus; the table has all of them.

const MOST = 300;
const MARGIN = 200;
const SVG = "http://www.w3.org/2000/svg";

export class Painter {
  constructor(document) {
    Object.assign(this, { document, parts: [], isPending: false });
    document.addEventListener("scroll", () => this.soon(), { capture: true, passive: true });
    document.addEventListener("focusin", (event) => this.reached(event));
    document.addEventListener("click", (event) => this.clicked(event));
    addEventListener("resize", () => this.soon());
    this.observer = new MutationObserver(() => { this.isOld = true; this.soon(); });
    this.drawn();
  }

  get canvas() { return this.document.querySelector(".canvas"); }

  // After the graph was drawn anew.
  drawn() {
    this.observer.disconnect();
    this.dag = this.document.querySelector(".canvas .dag");
    this.parts = this.dag ? partsOf(this.dag) : [];
    this.layer = null;
    if (this.parts.length <= MOST) return void (this.parts = []);
    this.layer = this.document.createElementNS(SVG, "g");
    this.layer.setAttribute("class", "far");
    this.layer.setAttribute("aria-hidden", "true");
    this.dag.insertBefore(this.layer, this.parts[0].element);
    this.observer.observe(this.dag, { subtree: true, attributeFilter: ["data-status"] });
    this.isOld = true;
    this.paint();
  }

  soon() {
    if (this.isPending || !this.parts.length) return;
    this.isPending = true;
    requestAnimationFrame(() => {
      this.isPending = false;
      this.paint();
    });
  }

  paint() {
    if (!this.parts.length || !this.dag.checkVisibility()) return;
    const frame = this.framed();
    const seen = this.parts.filter((part) => meets(part, frame));
    const nodes = seen.filter((part) => part.kind === "node").length;
    const isFar = nodes > MOST;
    const areMerged = isFar || seen.length > MOST;
    const focused = this.document.activeElement?.closest?.(".node");
    const shown = new Set(seen.filter((part) => (part.kind === "line" ? !areMerged : part.kind === "box" || !isFar)));
    for (const part of this.parts) {
      const isOff = !shown.has(part) && part.element !== focused;
      if (part.isOff === isOff) continue;
      part.isOff = isOff;
      part.element.classList.toggle("is-off", isOff);
    }
    this.merge(areMerged, isFar);
  }

  // What of the drawing is in the frame, with a margin, in its own coordinates.
  framed() {
    const [frame, own, box] = [this.canvas.getBoundingClientRect(), this.dag.getBoundingClientRect(), this.dag.viewBox.baseVal];
    const scale = own.width / box.width || 1;
    const [left, top] = [Math.max(frame.left, 0) - own.left - MARGIN, Math.max(frame.top, 0) - own.top - MARGIN];
    const [right, bottom] = [Math.min(frame.right, innerWidth), Math.min(frame.bottom, innerHeight)];
    return { x: left / scale + box.x, y: top / scale + box.y,
      right: (right - own.left + MARGIN) / scale + box.x, bottom: (bottom - own.top + MARGIN) / scale + box.y };
  }

  // The paths that stand for all lines and all nodes; drawn again only where they show and something moved.
  merge(areMerged, isFar) {
    const what = `${areMerged} ${isFar}`;
    if (what === this.what && !(this.isOld && areMerged)) return;
    Object.assign(this, { what, isOld: false });
    this.layer.replaceChildren();
    if (!areMerged) return;
    const paths = new Map();
    for (const part of this.parts) {
      if (part.kind === "box" || (part.kind === "node" && !isFar)) continue;
      const name = part.kind === "line" ? `ln ${kindOf(part.element)}` : `node ${part.element.dataset.status}`;
      paths.set(name, `${paths.get(name) || ""}${part.path}`);
    }
    for (const [name, path] of [...paths].sort(([one]) => (one.startsWith("ln") ? -1 : 1))) this.add(name, path);
  }

  add(name, path) {
    const [group, drawn] = [this.document.createElementNS(SVG, "g"), this.document.createElementNS(SVG, "path")];
    const isLine = name.startsWith("ln");
    group.setAttribute("class", isLine ? name : "node");
    if (!isLine) group.dataset.status = name.split(" ")[1];
    drawn.setAttribute("class", isLine ? "edge" : "node__box");
    drawn.setAttribute("d", path);
    group.append(drawn);
    this.layer.append(group);
  }

  reached(event) {
    const node = event.target.closest?.(".node.is-off");
    if (!node) return;
    for (const part of this.parts) if (part.element === node) part.isOff = false;
    node.classList.remove("is-off");
    node.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  // From afar a click goes to the path; the node under it is meant.
  clicked(event) {
    if (!event.target.closest?.(".far")) return;
    const [own, box] = [this.dag.getBoundingClientRect(), this.dag.viewBox.baseVal];
    const scale = own.width / box.width;
    const [x, y] = [(event.clientX - own.left) / scale + box.x, (event.clientY - own.top) / scale + box.y];
    const found = this.parts.find((part) => part.kind === "node" && meets(part, { x, y, right: x, bottom: y }));
    found?.element.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, view: window }));
  }
}

const kindOf = (line) => [...line.classList].find((name) => name.startsWith("ln--"));

function meets(part, frame) {
  return part.x <= frame.right && part.right >= frame.x && part.y <= frame.bottom && part.bottom >= frame.y;
}

// Where everything stands, from the attributes: asking the browser for boxes would lay the whole drawing out.
function partsOf(dag) {
  const lines = [...dag.querySelectorAll(".ln")].map((element) => {
    const path = element.querySelector(".edge").getAttribute("d");
    const numbers = path.match(/-?\d+(\.\d+)?/g).map(Number);
    const [across, down] = [numbers.filter((_, at) => at % 2 === 0), numbers.filter((_, at) => at % 2 === 1)];
    return { element, kind: "line", path, x: Math.min(...across), right: Math.max(...across), y: Math.min(...down), bottom: Math.max(...down) };
  });
  const places = [...dag.querySelectorAll(".node, .grp")].map((element) => {
    const [x, y] = element.getAttribute("transform").match(/-?\d+(\.\d+)?/g).map(Number);
    const box = element.querySelector(".node__box, .grp__box");
    const [wide, tall] = [Number(box.getAttribute("width")), Number(box.getAttribute("height"))];
    const kind = element.matches(".node") ? "node" : "box";
    return { element, kind, path: `M${x} ${y}h${wide}v${tall}h${-wide}z`, x, y, right: x + wide, bottom: y + tall };
  });
  return [...lines, ...places];
}
