// What OCP's words mean on the page. upgrades/views/run_graph.py and subtask_status() say the same in Python.

const KNOWN = new Set(["pending", "ready", "running", "successful", "failed", "canceling"]);
export const DONE = new Set(["successful", "skipped"]);
export const NOT_BEGUN = new Set(["pending", "ready"]);
export const AT_WORK = new Set(["running", "canceling"]);

export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

export function subtaskStatus(step) {
  const word = step.status.toLowerCase();
  if (word === "successful" && step.operation.toUpperCase() === "SKIP") return "skipped";
  return KNOWN.has(word) ? word : "unknown";
}

export function isForced(step) {
  return step.operation !== "" && step.operation !== "EXECUTE";
}

export function ocpWord(step, words) {
  const status = step.status || words.wordNone;
  return isForced(step) ? fill(words.wordBy, { status, operation: step.operation }) : status;
}

export function statusOf(states) {
  if (states.includes("failed")) return "failed";
  if (states.every((state) => DONE.has(state))) return "successful";
  return states.every((state) => NOT_BEGUN.has(state)) ? "pending" : "running";
}

export function tally(states) {
  const count = (matches) => states.filter(matches).length;
  const done = count((state) => DONE.has(state));
  const running = count((state) => AT_WORK.has(state));
  const failed = count((state) => state === "failed");
  return { all: states.length, done, running, failed, left: states.length - done - running - failed };
}

export function counted(states, words) {
  const counts = tally(states);
  return fill(words.wordCounts, counts) + (counts.failed ? fill(words.wordFailed, counts) : "");
}

export function edgeKind(source, target) {
  if (AT_WORK.has(target) || target === "failed") return "hot";
  return DONE.has(source) && DONE.has(target) ? "done" : "wait";
}

// 2:51 or 1:06:20, as the filter `elapsed`.
export function lengthWords(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
