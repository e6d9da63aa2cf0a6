// @ts-check
// What happens, as it happens: one stream of server-sent events for the whole page, shared by those
// who listen. It is read by `fetch`, since an `EventSource` can neither name the tenant in a header
// nor say with which status it was refused. Where it breaks it begins again where it was, ever more
// slowly.

import { current, mayChooseTenant, tenant } from "./session.js";

/** The first wait before it begins again, and the longest. */
const WAIT_MS = 1_000;
const WAIT_MAX_MS = 30_000;
/** Where nothing is heard for so long, not even that the stream is there, it has broken. */
const SILENCE_MS = 35_000;

/** @typedef {(kind: string, data: any) => void} Told */
/** @type {Set<{kinds: string[], told: Told, state: (now: "on"|"off"|"wait") => void}>} */
const listeners = new Set();
/** @type {AbortController|null} */
let reading = null;
/** @type {"on"|"off"|"wait"} */
let state = "off";
let lastId = "";
let failures = 0;
/** Who wants to know how the stream stands, without what it tells. @type {Set<(now: "on"|"off"|"wait") => void>} */
const watching = new Set();

/**
 * Listens to kinds (event, delivery, state, timer) until `signal` ends it. `told` is called with
 * null
 * where something may have been missed.
 * @param {string[]} kinds
 * @param {{told: Told, state?: (now: "on"|"off"|"wait") => void}} how
 * @param {AbortSignal} signal
 */
export function listen(kinds, { told, state: changed = () => {} }, signal) {
  const listener = { kinds, told, state: changed };
  listeners.add(listener);
  open();
  changed(state);
  signal.addEventListener("abort", () => listeners.delete(listener));
}

/** @param {(now: "on"|"off"|"wait") => void} changed */
export function watchStream(changed) {
  watching.add(changed);
}

/** Begins again, after it was given up. */
export function reopen() {
  close();
  failures = 0;
  open();
}

// A browser has six connections to a server, for all of its tabs: one that nobody looks at gives
// its back.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return close();
  open();
  for (const listener of listeners) listener.told("gap", null);
});
addEventListener("pagehide", close);
// Somebody saw that the server is there again: no need to wait for longer.
addEventListener("sereno-back", () => state === "wait" && open());

function open() {
  if (reading || document.hidden || current() === null || listeners.size === 0) return;
  reading = new AbortController();
  become("wait");
  read(reading).catch(() => {});
}

function close() {
  reading?.abort();
  reading = null;
  state = "off";
}

async function read(mine) {
  /** @type {Record<string, string>} */
  const headers = { accept: "text/event-stream" };
  if (mayChooseTenant()) headers["x-tenant"] = tenant();
  if (lastId) headers["last-event-id"] = lastId;
  let silence = setTimeout(() => mine.abort(), SILENCE_MS);
  try {
    const { signal } = mine;
    const response = await fetch("/api/v1/stream", { headers, signal, credentials: "same-origin" });
    // What cannot be read is not there, or not for us: asking again would not change that.
    if (!response.ok || !response.body) return refused(mine, response.status);
    become("on");
    failures = 0;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      clearTimeout(silence);
      silence = setTimeout(() => mine.abort(), SILENCE_MS);
      const blocks = (rest + value).split(/\r?\n\r?\n/);
      rest = blocks.pop() ?? "";
      blocks.forEach(take);
    }
  } finally {
    clearTimeout(silence);
    if (reading === mine) {
      reading = null;
      again();
    }
  }
}

function refused(mine, status) {
  if (reading !== mine || status === 429 || status >= 500) return;
  reading = null;
  become("off");
}

function again() {
  if (state === "off") return;
  become("wait");
  const wait = Math.min(WAIT_MAX_MS, WAIT_MS * 2 ** failures);
  failures += 1;
  setTimeout(open, wait);
}

/** One message of the stream: its fields, a line each. */
function take(block) {
  const fields = { event: "", data: "" };
  for (const line of block.split(/\r?\n/)) {
    const at = line.indexOf(":");
    const name = at < 0 ? line : line.slice(0, at);
    const value = line.slice(at + 1).replace(/^ /, "");
    if (name === "id") lastId = value;
    if (name === "event") fields.event = value;
    if (name === "data") fields.data += value;
  }
  if (fields.event) tell(fields.event, fields.data);
}

function tell(kind, text) {
  let data = null;
  try {
    data = JSON.parse(text);
  } catch {
    return;
  }
  for (const listener of listeners) {
    // A hole in what was told concerns everybody.
    if (kind === "gap" || listener.kinds.includes(kind)) listener.told(kind, data);
  }
}

function become(next) {
  state = next;
  for (const listener of listeners) listener.state(next);
  for (const changed of watching) changed(next);
}
