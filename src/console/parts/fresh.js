// @ts-check
// Keeps what is open true: when something happens to it, it is shown anew, unless somebody writes
// in it; what is marked as kept stays the element that it is, and does not hold up the rest.

import { listen } from "../lib/live.js";

/** What happens at once is one reason to look. */
const REST_MS = 400;

/**
 * @param {HTMLElement} box ends it all when it is taken from the page
 * @param {(told: any, kind: string) => boolean} concerns whether what was told is about it
 * @param {() => void} show
 */
export function keepFresh(box, concerns, show) {
  const ending = new AbortController();
  let due = 0;
  const look = () => {
    due = 0;
    const isHeld = box.querySelector(":is(input, textarea, select):focus:not([data-kept] *)");
    if (box.isConnected && !isHeld) show();
  };
  listen(["state", "event", "delivery"], {
    told: (kind, data) => {
      if (!box.isConnected) return ending.abort();
      if (kind === "gap" || concerns(data, kind)) due ||= setTimeout(look, REST_MS);
    },
  }, ending.signal);
}
