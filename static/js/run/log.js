// The log of the chosen subtask: follows its end, stops when the reader scrolls up, walks through what was found.
//   #log pre            scrolled; at its end it follows
//   a[data-newest]      to the end, and on with following; hidden while it follows
//   a[data-hit]         the next, the previous of the marks

const NEAR = 24;

export class LogPane {
  constructor(document, onFollow) {
    Object.assign(this, { document, onFollow, key: "", isFollowing: true, end: 0, hit: 0, isNewer: false });
    document.addEventListener("scroll", (event) => this.scrolled(event), true);
    document.addEventListener("click", (event) => this.clicked(event));
    this.replaced();
  }

  get text() { return this.document.querySelector("#log pre"); }
  get marks() { return [...this.document.querySelectorAll("#log mark")]; }

  // Before the pane is drawn anew: the event of a scroll comes a frame after it, too late to keep the reader's place.
  look() {
    if (this.text && this.text.scrollTop < this.end - NEAR) this.scrolled({ target: this.text });
  }

  // After the pane was drawn: another subtask, or another search, begins anew.
  replaced() {
    const pane = this.document.getElementById("log");
    const key = pane ? `${pane.dataset.log} ${this.document.getElementById("log-find")?.getAttribute("value") || ""}` : "";
    const isNew = key !== this.key;
    this.key = key;
    this.isNewer = false;
    if (!this.text) return;
    if (isNew) Object.assign(this, { hit: 0, isFollowing: this.marks.length === 0 });
    if (isNew && this.marks.length) this.walk(1);
    else if (this.isFollowing) this.toEnd();
    this.show();
  }

  toEnd() {
    this.text.scrollTop = this.text.scrollHeight;
    this.end = this.text.scrollTop;
  }

  // Whether new lines may be drawn now. A reader who has scrolled up keeps what stands, and is told of more.
  mayChange() {
    if (this.isFollowing || !this.text) return true;
    this.isNewer = true;
    this.show();
    return false;
  }

  scrolled(event) {
    if (event.target !== this.text) return;
    const { scrollHeight, scrollTop, clientHeight } = this.text;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    if (isAtEnd) this.end = scrollTop;
    if (isAtEnd === this.isFollowing) return;
    this.isFollowing = isAtEnd;
    this.show();
    if (isAtEnd && this.isNewer) this.onFollow();
  }

  show() {
    const link = this.document.querySelector("#log [data-newest]");
    if (!link) return;
    link.hidden = this.isFollowing;
    link.toggleAttribute("data-newer", this.isNewer);
  }

  clicked(event) {
    const link = event.target.closest?.("#log [data-newest], #log [data-hit]");
    if (!link) return;
    event.preventDefault();
    if (link.dataset.hit) return void this.walk(link.dataset.hit === "next" ? 1 : -1);
    this.toEnd();
  }

  walk(by) {
    const marks = this.marks;
    marks[this.hit - 1]?.removeAttribute("aria-current");
    this.hit = (this.hit - 1 + by + (this.hit || by > 0 ? 0 : 1) + marks.length) % marks.length + 1;
    const mark = marks[this.hit - 1];
    mark.setAttribute("aria-current", "true");
    const [box, frame] = [mark.getBoundingClientRect(), this.text.getBoundingClientRect()];
    this.text.scrollTop += box.top - frame.top - frame.height / 2;
    const figure = this.document.querySelector("#log [data-hit-number]");
    if (figure) figure.textContent = `${this.hit} / ${marks.length}`;
  }
}
