// @ts-check
// Clocks that count down to a moment, or up from it once it is past: the colour changes with a
// word.

import { h, put } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { t } from "../lib/i18n.js";
import { whole } from "../lib/time.js";

/** Below this share of its time a clock asks for attention. */
const SOON_SHARE = 0.4;

/**
 * A clock against a deadline. `from` is when it began, which says what is soon; `words` are the
 * keys of what
 * stands beside the time: `left`, `soon` and `over`.
 * @param {{until: string, from?: string, 
 *   words: {left: string, soon: string, over: string}, big?: boolean}} what
 */
export function clock({ until, from, words, big = false }) {
  const end = Date.parse(until);
  const length = from ? end - Date.parse(from) : 3_600_000;
  const digits = h("span", { class: "clock-digits" });
  const says = h("span", { class: "clock-word" });
  const face = h("span", { class: "clock-icon" });
  const rest = h("span", { class: "clock-rest" }, h("span"));
  const element = h("span", {
    class: ["clock", big && "is-big"], "data-ticks": "", title: `${whole(until)}\n${until}`,
    role: "timer",
  }, face, h("span", { class: "clock-text" }, digits, says), big && rest);
  let shown = "";
  element.tick = (now) => {
    const left = end - now;
    const kind = left <= 0 ? "over" : left < length * SOON_SHARE ? "soon" : "left";
    digits.textContent = spell(Math.abs(left));
    rest.style.setProperty("--share", String(Math.max(0, Math.min(1, left / length))));
    if (kind === shown) return;
    shown = kind;
    element.dataset.kind = kind;
    says.textContent = t(words[kind]);
    put(face, icon({ left: "waiting", soon: "alerts", over: "failed" }[kind]));
  };
  element.tick(Date.now());
  return element;
}

/** 4:05, 1:04:05, 2 d 03:00. */
export function spell(ms) {
  const seconds = Math.floor(ms / 1_000);
  const two = (value) => String(value).padStart(2, "0");
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24,
    Math.floor(seconds / 60) % 60];
  if (days > 0) return `${days} d ${two(hours)}:${two(minutes)}`;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${minutes}:${two(seconds % 60)}`;
}
