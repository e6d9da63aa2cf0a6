// @ts-check
// Files made of what is on the page, or of what the server exports.

import { h } from "../lib/dom.js";
import { language } from "../lib/i18n.js";
import { current, mayChooseTenant, tenant } from "../lib/session.js";
import { withQuery } from "../lib/api.js";
import { refused } from "./notice.js";

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

/** Fetches an export of the server, which a plain link could not: the tenant is a header. */
export async function download(path, query, name) {
  try {
    const headers = { "accept-language": language() };
    if (mayChooseTenant()) headers["x-tenant"] = tenant();
    const response = await fetch(withQuery(path, query), { headers, credentials: "same-origin" });
    if (!response.ok) throw new Error((await response.json()).detail);
    save(name, await response.blob(), "");
  } catch (error) {
    refused(error);
  }
  return current();
}
