// @ts-check
// A body that was sent or received: laid out, coloured, searched and copied.

import { h, put } from "../lib/dom.js";
import { bytes, t } from "../lib/i18n.js";
import { copyButton } from "./bits.js";

/** More than this is shown only in part: the page must stay quick. */
const SHOWN_MAX = 60_000;

/** @param {any} value JSON, or a text @param {string} [name] */
export function payload(value, name = t("common.payload")) {
  const raw = typeof value === "string" ? asJson(value) : value;
  const text = typeof raw === "string" ? raw : JSON.stringify(raw, null, 2) ?? "";
  const shown = text.slice(0, SHOWN_MAX);
  const box = h("pre", { tabindex: 0, role: "region", "aria-label": name });
  const draw = (wanted) => put(box, coloured(shown, wanted),
    text.length > SHOWN_MAX && h("span", { class: "quiet" }, `\n… ${t("common.cut")}`));
  draw("");
  return h("div", { class: "payload" },
    h("div", { class: "payload-bar" },
      h("span", null, name), h("span", null, bytes(new Blob([text]).size)),
      text.length > 300 && h("input", {
        class: "input", type: "search", placeholder: t("common.search_in"),
        "aria-label": t("common.search_in"), oninput: (event) => draw(event.target.value),
      }),
      copyButton(text)),
    box);
}

function asJson(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : text;
  } catch {
    return text;
  }
}

const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/gi;

function coloured(text, wanted) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    parts.push(...marked(text.slice(end, match.index), wanted));
    const [all, string, colon, named] = match;
    const kind = string ? (colon ? "json-key" : "json-text") : named ? "json-word" : "json-number";
    parts.push(h("span", { class: kind }, marked(string ?? all, wanted)), colon ?? "");
    end = match.index + all.length;
  }
  parts.push(...marked(text.slice(end), wanted));
  return parts;
}

function marked(text, wanted) {
  if (!wanted) return [text];
  const lower = text.toLowerCase();
  const found = [];
  let from = 0;
  for (let at = lower.indexOf(wanted.toLowerCase()); at >= 0;) {
    found.push(text.slice(from, at), h("mark", null, text.slice(at, at + wanted.length)));
    from = at + wanted.length;
    at = lower.indexOf(wanted.toLowerCase(), from);
  }
  return [...found, text.slice(from)];
}
