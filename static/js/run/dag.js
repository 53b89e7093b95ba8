// Puts one state of the run on the page: data-status, icon and words of what changed, and nothing else.
//   [data-key="task/subtask"]     a node, a line of the phone's list, a row of the table
//   [data-box][data-members]      a group, open or folded
//   [data-from][data-to]          a line of the graph
//   [data-counts="key key"]       figures of the gauge
import { AT_WORK, counted, edgeKind, fill, isForced, lengthWords, NOT_BEGUN, ocpWord, statusOf, subtaskStatus, tally }
  from "./states.js";

export class Dag {
  constructor(document, words) {
    Object.assign(this, { document, words, steps: {}, statuses: {} });
    this.collect();
  }

  // Finds the elements again: once, and after a region was replaced.
  collect() {
    this.elements = new Map();
    for (const element of this.document.querySelectorAll("[data-key]")) {
      const key = element.dataset.key;
      this.elements.set(key, [...(this.elements.get(key) || []), element]);
    }
    this.boxes = [...this.document.querySelectorAll("[data-box]")].map((element) => (
      { element, keys: element.dataset.members.split(" ") }));
    this.lines = [...this.document.querySelectorAll("[data-from]")];
    for (const key of Object.keys(this.steps)) this.showStep(key);
  }

  // Returns the keys whose status or operation is another than before.
  apply(steps) {
    const changed = Object.keys(steps).filter((key) => {
      const before = this.steps[key];
      return !before || before.status !== steps[key].status || before.operation !== steps[key].operation ||
        before.runTime !== steps[key].runTime;
    });
    const isFirst = Object.keys(this.steps).length === 0;
    this.steps = steps;
    for (const key of changed) this.showStep(key);
    if (changed.length) this.showGroups();
    return isFirst ? [] : changed;
  }

  showStep(key) {
    const step = this.steps[key];
    const status = subtaskStatus(step);
    const word = ocpWord(step, this.words);
    this.statuses[key] = status;
    for (const element of this.elements.get(key) || []) {
      this.paint(element, status);
      const badge = element.querySelector(".badge");
      if (badge) badge.dataset.status = status;
      setText(element.querySelector("[data-word]"), word);
      if (element.matches(".node")) element.setAttribute("aria-label", `${element.dataset.name}: ${word}`);
      this.showTook(element, key, Date.now());
    }
  }

  showGroups() {
    const states = { ...this.statuses };
    for (const { element, keys } of this.boxes) {
      const members = keys.map((key) => this.statuses[key] || "pending");
      states[element.dataset.box] = statusOf(members);
      this.paint(element, states[element.dataset.box]);
      setText(element.querySelector("[data-counts-text]"), counted(members, this.words));
    }
    for (const line of this.lines) {
      const kind = edgeKind(states[line.dataset.from] || "", states[line.dataset.to] || "");
      const before = [...line.classList].find((name) => name.startsWith("ln--"));
      if (before !== `ln--${kind}`) line.classList.replace(before, `ln--${kind}`);
    }
    this.showGauge();
  }

  showGauge() {
    const gauge = this.document.querySelector("[data-counts]");
    if (!gauge || !gauge.dataset.counts) return;
    const counts = tally(gauge.dataset.counts.split(" ").map((key) => this.statuses[key] || "pending"));
    setText(gauge.querySelector("[data-count=done]"), String(counts.done));
    setText(gauge.querySelector("[data-count=rest]"), fill(this.words.wordRest, counts));
  }

  // Folded, and something in it works or failed: the graph has to be drawn anew.
  hidesFire() {
    return this.boxes.some(({ element, keys }) => "folded" in element.dataset &&
      keys.some((key) => AT_WORK.has(this.statuses[key]) || this.statuses[key] === "failed"));
  }

  // Counts on for what works now.
  tick(now) {
    for (const [key, elements] of this.elements) {
      if (AT_WORK.has(this.statuses[key])) for (const element of elements) this.showTook(element, key, now);
    }
  }

  showTook(element, key, now) {
    const place = element.querySelector("[data-took], [data-took-cell]");
    const step = this.steps[key];
    if (!place || !step) return;
    const isNode = element.matches(".node");
    const begun = step.startedAt && !NOT_BEGUN.has(this.statuses[key]) && !(isNode && isForced(step));
    const end = step.finishedAt ? Date.parse(step.finishedAt) : now;
    const text = begun ? lengthWords((end - Date.parse(step.startedAt)) / 1000) : "";
    setText(place, isNode && text ? ` · ${text}` : text);
  }

  paint(element, status) {
    if (element.dataset.status === status) return;
    element.dataset.status = status;
    element.querySelector("use")?.setAttribute("href", `${this.words.sprite}#s-${status}`);
  }
}

function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}
