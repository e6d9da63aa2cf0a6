// @ts-check
// Short notices at the foot of the page: what was done, what failed.

import { h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { refusal } from "../lib/refusals.js";

let box = null;

/** @param {any} text @param {"good"|"bad"|""} [kind] */
export function notice(text, kind = "") {
  if (!box) {
    box = h("div", { class: "notices", role: "status", "aria-live": "polite" });
    document.body.append(box);
  }
  // What was refused before has been done now, or something else has: it is told no longer.
  if (kind === "good") for (const old of box.querySelectorAll(".notice.bad")) old.remove();
  const line = h("div", { class: ["notice", kind] },
    icon(kind === "bad" ? "failed" : "check"), h("span", null, text));
  box.append(line);
  // Bad news stays for longer: it has to be read.
  setTimeout(() => line.remove(), kind === "bad" ? 9_000 : 3_500);
}

/** Says what a call was refused for. */
export function refused(error) {
  if (error?.name === "AbortError") return;
  notice(inWords(error), "bad");
}

/**
 * A refusal in the reader's language, as far as it is known, and under it as the server said it, for whoever
 * is to help.
 */
export function inWords(error) {
  const { text, said } = refusal(error);
  return said === null ? text : [text, h("br"),
    h("span", { class: "quiet small-text", lang: "en" }, said)];
}
