// @ts-check
// What happens, as it happens: one stream of server-sent events for the whole page, shared by those who
// listen. Where it breaks it says so; the browser comes back by itself where it last was.

import { mayChooseTenant, tenant } from "./session.js";
import { withQuery } from "./api.js";

// A browser has six connections to a server, for all of its tabs: one that nobody looks at gives its back.
document.addEventListener("visibilitychange", () => {
  if (listeners.size === 0) return;
  if (document.hidden) return close();
  open();
  // Whatever happened meanwhile: look at all of it once.
  for (const listener of listeners) listener.told(null);
});
addEventListener("pagehide", close);

/** What is told on the stream. */
const KINDS = [
  "event", "delivery", "timer", "state", "alert", "reservation", "handoff", "conversation",
  "endpoint", "job", "inbound", "dead_letter",
];

/** @type {EventSource|null} */
let source = null;
/** @type {Set<{kinds: string[], told: (data: any) => void, state: (now: string) => void}>} */
const listeners = new Set();
let state = "off";

/**
 * Listens to kinds until `signal` ends it.
 * @param {string[]} kinds
 * @param {{told: (data: any) => void, state?: (now: "on"|"off"|"wait") => void}} how
 * @param {AbortSignal} signal
 */
export function listen(kinds, { told, state: changed = () => {} }, signal) {
  const listener = { kinds, told, state: changed };
  listeners.add(listener);
  open();
  changed(/** @type {any} */ (state));
  signal.addEventListener("abort", () => {
    listeners.delete(listener);
    // A moment of grace, or each change of screen would open a new stream.
    setTimeout(() => listeners.size === 0 && close(), 500);
  });
}

function open() {
  if (source || document.hidden) return;
  become("wait");
  const query = mayChooseTenant() ? { tenant: tenant() } : {};
  source = new EventSource(withQuery("/api/v1/stream", query));
  source.onopen = () => become("on");
  source.onerror = () => become(source?.readyState === EventSource.CONNECTING ? "wait" : "off");
  for (const kind of KINDS) source.addEventListener(kind, (event) => tell(kind, event));
}

/** Opens the stream again after it was refused. */
export function reopen() {
  close();
  open();
}

function close() {
  source?.close();
  source = null;
  state = "off";
}

function tell(kind, event) {
  let data = null;
  try {
    data = JSON.parse(event.data);
  } catch {
    return;
  }
  for (const listener of listeners) if (listener.kinds.includes(kind)) listener.told(data);
}

function become(next) {
  state = next;
  for (const listener of listeners) listener.state(next);
}
