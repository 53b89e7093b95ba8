// Zoom, pan and fit of the graph. The frame scrolls by itself; here only the drawing's size changes, and where it stands.
//   <a data-zoom="in|out|fit|plain" href="?zoom=75">   works without us too
//   .canvas .dag                                       its size in attributes, its coordinates in the viewBox
// Ctrl or Meta and the wheel zoom; a plain wheel stays the page's. The address keeps zoom and centre.

const LEAST = 0.1;
const MOST = 4;
const STEP = 1.25;
const FAR = 0.45;
const DRAG_FROM = 5;
const WRITE_MS = 250;
const REST_MS = 150;

export class Zoom {
  constructor(document, onLook) {
    Object.assign(this, { document, onLook });
    this.isPending = false;
    document.addEventListener("click", (event) => this.clicked(event));
    document.addEventListener("wheel", (event) => this.wheeled(event), { passive: false });
    document.addEventListener("pointerdown", (event) => this.pressed(event));
    this.begin();
  }

  get canvas() { return this.document.querySelector(".canvas"); }
  get dag() { return this.document.querySelector(".canvas .dag"); }
  get scale() { return this.dag.getBoundingClientRect().width / this.dag.viewBox.baseVal.width; }

  // Where the address says that a reader looked.
  begin() {
    const centre = new URLSearchParams(location.search).get("centre");
    if (!this.dag || !this.dag.checkVisibility()) return;
    this.look();
    if (!centre || !/^-?\d+,-?\d+$/.test(centre)) return;
    const [x, y] = centre.split(",").map(Number);
    const box = this.dag.viewBox.baseVal;
    this.moveTo((x - box.x) * this.scale, (y - box.y) * this.scale, this.canvas.clientWidth / 2, this.canvas.clientHeight / 2);
  }

  // After the graph was drawn anew, as the address has it.
  drawn() {
    this.held = null;
    if (this.dag?.checkVisibility()) this.look();
  }

  clicked(event) {
    const link = event.target.closest?.("a[data-zoom]");
    if (!link || !this.dag || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    this.settle();
    const wish = link.dataset.zoom;
    if (wish === "fit") this.fit();
    else this.zoom(wish === "plain" ? 1 : this.scale * (wish === "in" ? STEP : 1 / STEP));
    this.write();
  }

  fit() {
    this.size(1);
    this.dag.classList.add("dag--fit");
    this.look();
  }

  // Keeps the middle where it is.
  zoom(wanted) {
    const scale = possible(wanted);
    const frame = this.canvas.getBoundingClientRect();
    const [left, top] = [frame.width / 2, frame.height / 2];
    const own = this.dag.getBoundingClientRect();
    const grown = scale / this.scale;
    const [x, y] = [(left + frame.left - own.left) * grown, (top + frame.top - own.top) * grown];
    this.size(scale);
    this.moveTo(x, y, left, top);
    this.look();
  }

  // While the wheel turns, the picture is stretched as it was painted, round the pointer: to paint text and what comes into
  // the frame anew each time takes longest. It is drawn at its size, and whole, when the wheel rests.
  stretch(wanted, pointer) {
    const scale = possible(wanted);
    const [frame, own, grown] = [this.canvas.getBoundingClientRect(), this.dag.getBoundingClientRect(), scale / this.scale];
    const [room, wide] = [this.canvas.clientWidth - own.width * grown, pointer.x - (pointer.x - own.left) * grown];
    const [gap, tall] = [this.canvas.clientHeight - own.height * grown, pointer.y - (pointer.y - own.top) * grown];
    const left = room > 0 ? frame.left + room / 2 : Math.min(frame.left, Math.max(frame.left + room, wide));
    const top = gap > 0 ? frame.top : Math.min(frame.top, Math.max(frame.top + gap, tall));
    this.held ||= { grown: 1, x: 0, y: 0 };
    this.held = { grown: this.held.grown * grown, x: this.held.x + left - own.left, y: this.held.y + top - own.top };
    this.dag.classList.add("dag--held");
    this.dag.style.transform = `translate(${this.held.x}px, ${this.held.y}px) scale(${this.held.grown})`;
    this.look();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.settle(), REST_MS);
  }

  settle() {
    clearTimeout(this.resting);
    if (!this.held || !this.dag) return;
    const [frame, own, scale] = [this.canvas.getBoundingClientRect(), this.dag.getBoundingClientRect(), this.scale];
    this.held = null;
    this.dag.classList.remove("dag--held");
    this.dag.style.transform = "";
    this.size(scale);
    this.moveTo(frame.left - own.left, frame.top - own.top, 0, 0);
    this.look();
  }

  size(scale) {
    const box = this.dag.viewBox.baseVal;
    this.dag.classList.remove("dag--fit");
    this.dag.setAttribute("width", Math.round(box.width * scale));
    this.dag.setAttribute("height", Math.round(box.height * scale));
  }

  // The point x, y of the drawn picture comes to left, top of the frame.
  moveTo(x, y, left, top) {
    this.canvas.scrollTo(x + this.dag.getBoundingClientRect().left - this.canvas.getBoundingClientRect().left +
      this.canvas.scrollLeft - left, y - top);
  }

  // Text that nobody can read is not painted; the figure says how large it is.
  look() {
    this.dag.classList.toggle("dag--far", this.scale < FAR);
    if (!this.held) this.onLook();
    const figure = this.document.querySelector("[data-zoom-figure]");
    if (figure) figure.textContent = `${Math.round(this.scale * 100)} %`;
  }

  wheeled(event) {
    if (!this.dag || !event.target.closest?.(".canvas")) return;
    if (!event.ctrlKey && !event.metaKey) return void this.write();
    event.preventDefault();
    this.wish = (this.isPending ? this.wish : this.scale) * Math.exp(-event.deltaY / 400);
    if (this.isPending) return;
    this.isPending = true;
    requestAnimationFrame(() => {
      this.isPending = false;
      this.stretch(this.wish, event);
      this.write();
    });
  }

  // A mouse drags the picture; fingers scroll it as they scroll anything.
  pressed(event) {
    const canvas = event.target.closest?.(".canvas");
    if (!canvas || !this.dag || event.button || event.pointerType !== "mouse" || onScrollbar(canvas, event)) return;
    this.settle();
    const from = { x: event.clientX, y: event.clientY, left: canvas.scrollLeft, top: canvas.scrollTop };
    const listening = new AbortController();
    const { signal } = listening;
    let isDragged = false;
    this.document.addEventListener("dragstart", (drag) => drag.preventDefault(), { signal });
    this.document.addEventListener("pointermove", (move) => {
      const [wide, tall] = [move.clientX - from.x, move.clientY - from.y];
      isDragged ||= Math.hypot(wide, tall) > DRAG_FROM;
      if (isDragged) canvas.scrollTo(from.left - wide, from.top - tall);
      canvas.classList.toggle("canvas--drag", isDragged);
    }, { signal });
    for (const end of ["pointerup", "pointercancel"]) {
      this.document.addEventListener(end, () => {
        listening.abort();
        canvas.classList.remove("canvas--drag");
        if (isDragged) this.dropped();
      }, { signal });
    }
  }

  // The click that ends a drag is none.
  dropped() {
    const swallow = (event) => { event.preventDefault(); event.stopPropagation(); };
    this.document.addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => this.document.removeEventListener("click", swallow, { capture: true }), 0);
    this.write();
  }

  write() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(), WRITE_MS);
  }

  keep() {
    if (!this.dag) return;
    const [frame, own, box] = [this.canvas.getBoundingClientRect(), this.dag.getBoundingClientRect(), this.dag.viewBox.baseVal];
    const at = (begin, room, edge, least) => Math.round((begin + room / 2 - edge) / this.scale + least);
    const query = new URLSearchParams(location.search);
    for (const name of ["zoom", "centre"]) query.delete(name);
    const zoom = this.dag.classList.contains("dag--fit") ? "fit" : String(Math.round(this.scale * 100));
    if (zoom !== "100") query.set("zoom", zoom);
    query.set("centre", `${at(frame.left, frame.width, own.left, box.x)},${at(frame.top, frame.height, own.top, box.y)}`);
    history.replaceState(history.state, "", `?${query.toString().replaceAll("%2F", "/").replaceAll("%2C", ",")}`);
  }
}

const possible = (scale) => Math.min(MOST, Math.max(LEAST, scale));

function onScrollbar(canvas, event) {
  const frame = canvas.getBoundingClientRect();
  return event.clientX > frame.left + canvas.clientWidth || event.clientY > frame.top + canvas.clientHeight;
}
