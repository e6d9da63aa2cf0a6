// @ts-check
// The faces of a screen, as links: each can be kept and opened beside.

import { h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";

/**
 * @param {string} label
 * @param {{text: string, href: string, isHere: boolean, symbol?: string}[]} all
 */
export function tabs(label, all) {
  return h("nav", { class: "chips", "aria-label": label }, all.map(one));
}

function one({ text, href, isHere, symbol }) {
  return h("a", { class: "chip", href, "aria-current": isHere ? "true" : null },
    symbol && icon(symbol), text);
}
