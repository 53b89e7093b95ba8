// The live page of a run: news in, the page kept true. Works on what the server has drawn; without it the page is a page.
import { Dag } from "./dag.js";
import { LogPane } from "./log.js";
import { Painter } from "./painter.js";
import { followInPlace, showFire } from "./places.js";
import { Regions } from "./regions.js";
import { Source } from "./source.js";
import { Speaker } from "./speaker.js";
import { lengthWords } from "./states.js";
import { Troubles } from "./troubles.js";
import { Zoom } from "./zoom.js";

const ALL = ["head", "gauge", "banners", "live", "below"];
// What these parts of a state say is drawn by the server alone.
const DRAWN = ["status", "status_at", "alarm_at", "acted_at", "unreadable_since", "ocp_word", "tasks"];

// Values of a state are JSON; the tasks' own words are an object.
const isSame = (one, other) => one === other || JSON.stringify(one) === JSON.stringify(other);

class RunPage {
  constructor(document, root) {
    this.document = document;
    this.words = root.dataset;
    this.state = null;
    this.dag = new Dag(document, this.words);
    this.regions = new Regions(document, this.words, () => this.log.look(), (names) => this.replaced(names));
    this.troubles = new Troubles(document, { staleSeconds: Number(this.words.staleSeconds),
      silentSeconds: Number(this.words.silentSeconds) }, (trouble) => this.troubled(trouble));
    this.source = new Source(this.words, this.node(), { state: (state) => this.heard(state),
      pulse: (pulse) => this.troubles.hear(pulse), gone: () => location.reload() });
    this.speaker = new Speaker(document);
    this.log = new LogPane(document, () => this.regions.refresh("log"));
    this.painter = new Painter(document);
    this.zoom = new Zoom(document, () => this.painter.soon());
  }

  begin() {
    this.document.addEventListener("visibilitychange", () => this.seen());
    // After a long time without a network the next try by itself may be half a minute away.
    addEventListener("online", () => this.seen());
    followInPlace(this.document, () => this.moveTo());
    addEventListener("pagehide", () => this.source.stop());
    setInterval(() => this.tick(), 1000);
    showFire(this.document);
    this.seen();
  }

  seen() {
    if (this.document.hidden) return this.source.stop();
    this.troubles.wake();
    return this.source.start();
  }

  node() {
    return new URLSearchParams(location.search).get("node") || "";
  }

  heard(state) {
    const before = this.state;
    if (before && state.version < before.version) return;
    this.state = state;
    const changed = this.dag.apply(state.subtasks);
    this.troubles.hear({ observed_at: state.observed_at, heartbeat_at: state.heartbeat_at, endpoint: state.endpoint });
    const wanted = this.outdated(before, state, changed);
    if (wanted.length) this.regions.refresh(...wanted);
  }

  // The regions that only the server can draw for this state.
  outdated(before, state, changed) {
    const drawn = this.document.querySelector("[data-dag]")?.dataset.dag;
    const status = this.document.querySelector("[data-run-status]")?.dataset.runStatus;
    const isNew = before ? before.topology !== state.topology : Boolean(drawn) && drawn !== state.topology;
    const isMoved = status !== state.status || (before && DRAWN.some((name) => !isSame(before[name], state[name])));
    const isFirstRead = Boolean(state.observed_at) && !this.document.querySelector("[data-seen] time") &&
      this.document.querySelector("[data-seen]");
    if (isNew || isMoved || isFirstRead) return ALL;
    const wanted = new Set();
    if (this.dag.hidesFire()) for (const name of ["live", "gauge"]) wanted.add(name);
    if (changed.some((key) => this.isFailure(key, before))) for (const name of ["banners", "head"]) wanted.add(name);
    if (changed.length && this.document.querySelector("[data-events], [data-timeline]")) wanted.add("live");
    this.addChosen(wanted, before, state, changed);
    return [...wanted];
  }

  isFailure(key, before) {
    return this.dag.statuses[key] === "failed" || before?.subtasks[key]?.status === "FAILED";
  }

  addChosen(wanted, before, state, changed) {
    const chosen = this.document.getElementById("chosen");
    const key = chosen?.dataset.chosen;
    if (key && changed.includes(key)) wanted.add("byHand" in chosen.dataset ? "chosen" : "live");
    else if (!chosen && changed.some((step) => this.dag.statuses[step] === "failed")) wanted.add("live");
    else if (key && before && before.logs[key] !== state.logs[key] && this.log.mayChange()) wanted.add("log");
  }

  replaced(names) {
    if (names.some((name) => name !== "log")) this.dag.collect();
    // A tab in the background tells by its title how far it is.
    const title = this.document.querySelector("[data-title]")?.dataset.title;
    if (title) this.document.title = title;
    this.troubles.showSeen();
    this.troubles.check();
    this.speaker.listen();
    if (names.some((name) => ["log", "chosen", "live"].includes(name))) this.log.replaced();
    if (!names.includes("live")) return;
    this.zoom.drawn();
    this.painter.drawn();
  }

  troubled(trouble) {
    this.speaker.trouble(trouble);
    if (trouble !== "page") this.regions.refresh("head", "banners");
  }

  moveTo() {
    this.source.select(this.node());
    this.regions.refresh("live", "banners");
  }

  tick() {
    this.troubles.check();
    if (this.troubles.isStale || this.troubles.current === "page") return;
    this.dag.tick(this.troubles.now());
    const since = this.document.querySelector("[data-since]");
    if (since) since.textContent = lengthWords((this.troubles.now() - Date.parse(since.dataset.since)) / 1000);
  }
}

const root = document.getElementById("run");
if (root) new RunPage(document, root).begin();
