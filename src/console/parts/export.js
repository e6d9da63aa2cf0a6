// @ts-check
// Files made of what is on the page, and the way to what the server exports.

import { h } from "../lib/dom.js";
import { asCurl } from "../lib/api.js";
import { t } from "../lib/i18n.js";
import { current, may } from "../lib/session.js";
import { button, command } from "./bits.js";
import { openDialog } from "./dialog.js";

/** Gives a text to the browser to keep as a file. */
export function save(name, content, type) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = h("a", { download: name });
  link.href = URL.createObjectURL(blob);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Rows as CSV; what a spreadsheet would take for a formula is kept a text. */
export function csv(rows) {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : typeof value === "object"
      ? JSON.stringify(value) : String(value);
    const safe = /^[=+\-@\t]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
    return `"${safe.replaceAll('"', '""')}"`;
  };
  return [names, ...rows.map((row) => names.map((name) => row[name]))]
    .map((line) => line.map(cell).join(",")).join("\r\n");
}

/**
 * The way to an export of the server: it holds personal data in the clear, so that no session gets it.
 * @param {string} path @param {() => Record<string, any>} query the filters as they stand
 * @param {string} name of the file
 */
export function exportButton(path, query, name) {
  // Whoever has no key that may is not sent for one.
  return may("operator") && !current()?.portal && button(t("common.export"), () => openDialog({
    title: t("common.export"),
    body: [h("p", null, t("common.export_text")),
      command(`${asCurl("GET", path, { query: query() })} \\\n  -o ${name}`)],
  }), { symbol: "download" });
}
