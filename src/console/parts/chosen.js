// @ts-check
// Rows that somebody chooses by hand, and the bar with what can be done to all of them at once.

import { h, put } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { button, iconButton } from "./bits.js";
import { oneByOne } from "./each.js";

/**
 * What can be done to several. `fits` says of which it can as they stand; `act` does it to one, with what was
 * said of it where `why` has a reason asked for; `before` asks for what it needs, and then goes on.
 * @typedef {{text: string, symbol?: string, danger?: boolean, fits?: (item: any) => boolean,
 *   act: (item: any, said?: any) => Promise<any>, ask: (count: number) => string, why?: boolean,
 *   before?: (next: () => void) => void}} Deed
 */

/**
 * @param {Deed[]} deeds
 * @param {{items: () => any[], id: (item: any) => string, name: (item: any) => string,
 *   table: () => HTMLElement, refresh: () => void}} list
 */
export function chosen(deeds, { items, id, name, table, refresh }) {
  /** @type {Set<string>} */
  const ids = new Set();
  const bar = h("div", { class: "chosen", role: "region", "aria-label": t("common.chosen") });
  bar.hidden = true;
  const all = h("input", {
    type: "checkbox", "aria-label": t("common.choose_all"), onchange: () => {
      const isOn = all.checked;
      for (const item of items()) isOn ? ids.add(id(item)) : ids.delete(id(item));
      draw();
    },
  });

  function draw() {
    const shown = items();
    const known = new Set(shown.map(id));
    for (const key of ids) if (!known.has(key)) ids.delete(key);
    for (const row of table().querySelectorAll("tr[data-id]")) {
      const box = /** @type {HTMLInputElement|null} */ (row.querySelector(".choice input"));
      const isIn = ids.has(row.getAttribute("data-id") ?? "");
      if (box) box.checked = isIn;
      row.classList.toggle("is-chosen", isIn);
    }
    all.checked = ids.size > 0 && ids.size === shown.length;
    all.indeterminate = ids.size > 0 && ids.size < shown.length;
    // Where somebody stands in the bar with the keys, its buttons stay the elements that they are.
    if (bar.hidden !== (ids.size === 0) || Number(bar.dataset.count) !== ids.size) drawBar();
  }

  function drawBar() {
    bar.hidden = ids.size === 0;
    bar.dataset.count = String(ids.size);
    put(bar, h("span", { class: "strong" }, t("common.chosen_count", { count: ids.size })),
      deeds.map((deed) => button(deed.text,
        () => (deed.before ? deed.before(() => begin(deed)) : begin(deed)),
        { symbol: deed.symbol, kind: deed.danger ? "small danger" : "small" })),
      iconButton("cross", t("common.choose_none"), clear));
  }

  function clear() {
    ids.clear();
    draw();
  }

  function begin(deed) {
    const wanted = items().filter((item) => ids.has(id(item)));
    const fit = wanted.filter((item) => deed.fits?.(item) ?? true);
    oneByOne({
      title: deed.text, yes: deed.text, danger: deed.danger, text: deed.ask(fit.length), name,
      items: fit, left: wanted.length - fit.length, act: deed.act, why: deed.why, done: () => {
        clear();
        refresh();
      },
    });
  }

  function toggle(key) {
    ids.has(key) ? ids.delete(key) : ids.add(key);
    draw();
  }

  /** @type {import("./table.js").Column} */
  const column = {
    label: h("label", { class: "choice" }, all), class: "is-choice",
    cell: (item) => h("label", { class: "choice" },
      h("input", { type: "checkbox", "aria-label": t("common.choose", { name: name(item) }),
        checked: ids.has(id(item)), onchange: () => toggle(id(item)) }),
      h("span", { class: "phone-only" }, t("common.choose_this"))),
  };
  return { bar, column, draw, toggle };
}
