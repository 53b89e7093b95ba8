// Where news of the run come from: the stream, and when it is lost the snapshot address, while the tab is seen.
// hear.state(state) gets the whole state, hear.pulse(pulse) how fresh it is; hear.gone() when the session has ended.

const POLL_MS = 1000;
const POLL_MOST_MS = 30000;
const STREAM_AGAIN_MS = 5000;
const STREAM_AGAIN_MOST_MS = 60000;

export class Source {
  constructor(addresses, node, hear) {
    Object.assign(this, { addresses, node, hear, etag: "", failures: 0, streamFailures: 0, round: 0 });
  }

  start() {
    this.stop();
    this.openStream();
  }

  // Each start and stop begins a round; what still comes from an older one is dropped.
  stop() {
    this.round += 1;
    clearTimeout(this.pollTimer);
    clearTimeout(this.streamTimer);
    this.stream?.close();
    this.stream = null;
  }

  select(node) {
    if (this.node === node) return;
    this.node = node;
    if (this.stream || this.pollTimer) this.start();
  }

  query() {
    return this.node ? `?node=${encodeURIComponent(this.node)}` : "";
  }

  openStream() {
    const round = this.round;
    const stream = new EventSource(this.addresses.stream + this.query());
    this.stream = stream;
    stream.addEventListener("state", (event) => {
      this.streamFailures = 0;
      this.failures = 0;
      clearTimeout(this.pollTimer);
      this.pollTimer = null;
      this.hear.state(JSON.parse(event.data));
    });
    stream.addEventListener("pulse", (event) => this.hear.pulse(JSON.parse(event.data)));
    stream.addEventListener("error", () => {
      stream.close();
      if (round === this.round) this.fallBack();
    });
  }

  fallBack() {
    const round = this.round;
    this.stream = null;
    const wait = Math.min(STREAM_AGAIN_MS * 2 ** this.streamFailures, STREAM_AGAIN_MOST_MS);
    this.streamFailures += 1;
    this.streamTimer = setTimeout(() => { if (round === this.round) this.openStream(); }, wait);
    this.poll(round);
  }

  async poll(round) {
    clearTimeout(this.pollTimer);
    try {
      await this.ask(round);
      this.failures = 0;
    } catch {
      this.failures += 1;
    }
    if (round !== this.round || (this.stream && this.stream.readyState === EventSource.OPEN)) return;
    const wait = Math.min(POLL_MS * 2 ** this.failures, POLL_MOST_MS);
    this.pollTimer = setTimeout(() => this.poll(round), wait);
  }

  async ask(round) {
    const headers = this.etag ? { "If-None-Match": this.etag } : {};
    const answer = await fetch(this.addresses.snapshot + this.query(), { headers, cache: "no-store" });
    if (round !== this.round) return;
    if (answer.status === 401 || answer.status === 404) {
      this.stop();
      this.hear.gone();
      return;
    }
    if (!answer.ok && answer.status !== 304) throw new Error(`snapshot ${answer.status}`);
    if (answer.ok) {
      this.etag = answer.headers.get("ETag");
      this.hear.state(await answer.json());
    } else {
      const pulse = { observed_at: answer.headers.get("Observed-At"), heartbeat_at: answer.headers.get("Heartbeat-At") };
      this.hear.pulse(pulse);
    }
  }
}
