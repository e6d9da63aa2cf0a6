// @ts-check
// The rows of a list. A row is a link to its page: a plain click opens the drawer instead, a middle
// click the page. On a phone each row is a card.

import { h } from "../lib/dom.js";
import { address } from "../lib/router.js";

/**
 * `phone` is a cell's place on a card: beside the title, a line of its own, its foot, or not at
 * all.
 * @typedef {{label: any, cell: (item: any) => any, class?: string, link?: boolean,
 *   phone?: "top"|"wide"|"foot"|"none", width?: string}} Column
 */

/**
 * @param {{screen: string, label: string, columns: Column[], id: (item: any) => string,
 *   open: (id: string) => void}} spec
 */
export function table({ screen, label, columns, id, open }) {
  const linked = Math.max(0, columns.findIndex((column) => column.link));
  const body = h("tbody", { role: "rowgroup" });
  const head = h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, columns.map((column) =>
    h("th", { scope: "col", role: "columnheader", class: column.class }, column.label))));
  const element = h("table", { class: "table", role: "table", "aria-label": label }, head, body);
  /** @type {Map<string, {text: string, row: any}>} */
  const rows = new Map();

  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-id]");
    const inside = event.target.closest("a, button, input, label");
    const isOwn = inside?.classList.contains("row-link");
    if (!row || (inside && !isOwn) || event.metaKey || event.ctrlKey || event.shiftKey) return;
    if (getSelection()?.toString() && !inside) return;
    event.preventDefault();
    open(row.dataset.id);
  });
  body.addEventListener("auxclick", (event) => {
    const row = event.target.closest("tr[data-id]");
    if (!row || event.button !== 1 || event.target.closest("a, button")) return;
    window.open(row.querySelector(".row-link").href, "_blank", "noopener");
  });

  function makeRow(item) {
    const key = id(item);
    return h("tr", { "data-id": key, role: "row" }, columns.map((column, index) => {
      const content = column.cell(item);
      const phone = column.phone && `on-phone-${column.phone}`;
      const shown = index !== linked ? content
        : h("a", { class: "row-link", href: address(screen, key) }, content);
      const kind = index === linked && "is-link";
      return h("td", { role: "cell", class: [column.class, phone, kind] }, shown);
    }));
  }

  /** Shows these items; rows of those that did not change stay the elements that they are. */
  function show(items, { fresh = new Set(), openId = null } = {}) {
    const seen = new Set();
    const wanted = items.map((item) => {
      const key = id(item);
      seen.add(key);
      const text = JSON.stringify(item);
      const old = rows.get(key);
      const row = old?.text === text ? old.row : makeRow(item);
      rows.set(key, { text, row });
      row.classList.toggle("is-new", fresh.has(key));
      row.classList.toggle("is-open", key === openId);
      return row;
    });
    for (const key of rows.keys()) if (!seen.has(key)) rows.delete(key);
    wanted.forEach((row, index) => {
      if (body.children[index] !== row) body.insertBefore(row, body.children[index] ?? null);
    });
    while (body.children.length > wanted.length) body.lastChild.remove();
  }

  /** Bones in place of rows that are on their way. */
  function skeleton(count = 8) {
    rows.clear();
    const widths = [70, 45, 85, 60, 50];
    body.replaceChildren(...Array.from({ length: count }, (_, index) =>
      h("tr", { class: "skeleton", role: "row" }, columns.map((column, place) =>
        h("td", { role: "cell", class: [column.class, column.phone === "none" && "on-phone-none"] },
          h("span", { class: "bone", vars: { "--bone": `${widths[(index + place) % 5]}%` } }))))));
  }

  return { element, show, skeleton };
}
