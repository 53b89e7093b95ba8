// Three troubles, never merged: OCP silent, our worker silent, this page cut off; and the age that greys the graph.
//   [data-trouble="ocp|worker|page"]  a banner, hidden until it is so
//   [data-seen]                       the freshness pill; without one nothing on the page can grow stale
//   [data-canvas]                     greyed when what it shows is too old
import { clockOffset } from "../ago.js";

const PAGE_SILENT_SECONDS = 25;

export class Troubles {
  constructor(document, limits, onChange) {
    Object.assign(this, { document, limits, onChange, facts: {}, current: "", heardAt: performance.now() });
    // What the server drew counts until the first news come: they may never come.
    this.facts.observed_at = document.querySelector("[data-seen] time")?.getAttribute("datetime") || null;
    this.offset = clockOffset(document.documentElement.dataset.now, Date.now());
  }

  now() {
    return Date.now() + this.offset;
  }

  // facts: observed_at, heartbeat_at, endpoint; what an answer does not say stays as it was.
  hear(facts) {
    this.heardAt = performance.now();
    Object.assign(this.facts, facts);
    this.showSeen();
    this.check();
  }

  wake() {
    this.heardAt = performance.now();
  }

  age(name) {
    const at = Date.parse(this.facts[name] || "");
    return Number.isNaN(at) ? Infinity : (this.now() - at) / 1000;
  }

  get isStale() {
    return Boolean(this.facts.observed_at) && this.document.querySelector("[data-seen]") !== null &&
      this.age("observed_at") > this.limits.staleSeconds;
  }

  // What is wrong now. Before the first news the server's own banners stand.
  judge() {
    if ((performance.now() - this.heardAt) / 1000 > PAGE_SILENT_SECONDS) return "page";
    if (!("heartbeat_at" in this.facts)) {
      return this.document.querySelector("[data-trouble]:not([hidden])")?.dataset.trouble || "";
    }
    if (!this.document.querySelector("[data-seen]")) return "";
    if (this.facts.endpoint?.failing_since || this.facts.endpoint?.breaker_opened_at) return "ocp";
    return this.age("heartbeat_at") > this.limits.silentSeconds ? "worker" : "";
  }

  check() {
    const trouble = this.judge();
    for (const canvas of this.document.querySelectorAll("[data-canvas]")) {
      canvas.classList.toggle("canvas--stale", this.isStale);
    }
    for (const banner of this.document.querySelectorAll("[data-trouble]")) {
      banner.hidden = banner.dataset.trouble !== trouble;
    }
    if (trouble === this.current) return;
    this.current = trouble;
    this.onChange(trouble);
  }

  showSeen() {
    const at = this.facts.observed_at;
    const [clock, ago] = this.document.querySelectorAll("[data-seen] time");
    if (!at || !clock) return;
    clock.setAttribute("datetime", at);
    clock.textContent = clockWords(at, clock.textContent);
    ago?.setAttribute("datetime", at);
  }
}

// 02:08:31 +08, in the zone that the text before it names.
export function clockWords(at, before) {
  const [, sign, hours, minutes] = /([+-])(\d\d)(?::(\d\d))?\s*$/.exec(before) || ["", "+", "0", "0"];
  const shift = (Number(hours) * 60 + Number(minutes || 0)) * (sign === "-" ? -1 : 1);
  const local = new Date(Date.parse(at) + shift * 60000).toISOString().slice(11, 19);
  return `${local} ${before.trim().split(" ").at(-1)}`;
}
