// @ts-check
// A sheet of further actions under a button; another click or Escape closes it.

import { h, put } from "../lib/dom.js";
import { icon } from "../lib/icons.js";

/**
 * @param {{symbol: string, text?: string, label: string, kind?: string}} face
 * @param {(close: () => void) => any} content made anew each time it opens
 */
export function menu({ symbol, text, label, kind = "plain" }, content) {
  const sheet = h("div", { class: "menu-sheet", hidden: true });
  const face = h("button", {
    type: "button", class: ["button", kind, !text && "icon-only"], "aria-expanded": "false",
    "aria-label": text ? null : label, title: label, onclick: () => toggle(sheet.hidden),
  }, icon(symbol), text);
  const box = h("div", { class: "menu" }, face, sheet);

  function toggle(open) {
    sheet.hidden = !open;
    face.setAttribute("aria-expanded", String(open));
    if (!open) return document.removeEventListener("pointerdown", outside, true);
    put(sheet, content(() => toggle(false)));
    document.addEventListener("pointerdown", outside, true);
    sheet.querySelector("button, a, input")?.focus();
  }
  function outside(event) {
    if (!box.isConnected || !box.contains(event.target)) toggle(false);
  }
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || sheet.hidden) return;
    event.preventDefault();
    event.stopPropagation();
    toggle(false);
    face.focus();
  });
  return box;
}
