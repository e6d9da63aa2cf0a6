// @ts-check
// The live tail of a list: what is new comes in by itself while the top is looked at, and is only
// counted while it is paused or while somebody reads further down.

import { h, put } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { listen, reopen } from "../lib/live.js";
import { button } from "./bits.js";

/** The list is looked up no more often than this. */
const PERIOD_MS = 2_000;
/** So far down, in pixels, rows that come in at the top would move what is read. */
const READING_PX = 300;

/** The row that was told of. */
const keyOf = ({ id, event_id: event, entity, entity_id: of }) => id ?? event ?? `${entity}:${of}`;

/**
 * @param {{live?: string[], concerns?: (told: any, kind: string) => boolean}} spec
 * @param {() => void} refresh @param {AbortSignal} signal
 */
export function tail(spec, refresh, signal) {
  const element = h("span", { class: "live" });
  const newRows = h("div", { class: "new-rows", "aria-live": "polite" });
  let isPaused = false;
  let wasOn = false;
  /** What is new, each once however often it was told of. @type {Set<string>} */
  const waiting = new Set();
  let due = 0;

  function showWaiting() {
    const text = t("common.new_rows", { count: waiting.size });
    put(newRows, waiting.size > 0 && button(text, refresh, { symbol: "retry", kind: "small main" }));
  }

  function told(kind, data) {
    if (kind !== "gap" && spec.concerns && !spec.concerns(data, kind)) return;
    waiting.add(kind === "gap" ? "gap" : keyOf(data));
    if (isPaused || scrollY > READING_PX) return showWaiting();
    due ||= setTimeout(() => {
      due = 0;
      if (!signal.aborted) refresh();
    }, PERIOD_MS);
  }

  function state(now) {
    element.dataset.state = isPaused ? "paused" : now;
    wasOn ||= now === "on";
    const isLost = now === "wait" && wasOn;
    put(element, h("span", { class: "live-dot" }), now === "off" ? broken("common.live_off")
      : isLost ? broken("common.live_lost") : running(now));
  }

  const broken = (text) => button(t(text), () => {
    reopen();
    refresh();
  }, { kind: "plain small" });

  const name = (now) => isPaused ? "common.live_paused"
    : now === "wait" ? "common.live_begins" : "common.live";
  const running = (now) => button(t(name(now)), () => {
    isPaused = !isPaused;
    state(now);
    if (!isPaused && waiting.size > 0) refresh();
  }, {
    kind: "plain small", symbol: isPaused ? "play" : "pause", "aria-pressed": String(isPaused),
    title: t(isPaused ? "common.live_resume" : "common.live_pause"),
  });

  if (spec.live) listen(spec.live, { told, state }, signal);
  return {
    element: spec.live ? element : null,
    newRows,
    /** What waited was taken in. */
    taken() {
      waiting.clear();
      showWaiting();
    },
  };
}
