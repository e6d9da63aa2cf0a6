// @ts-check
// What would be sent, as its reader would see it: a mail, a message in Slack, a bubble in WhatsApp.

import { h } from "../../lib/dom.js";
import { t } from "../../lib/i18n.js";
import { icon } from "../../lib/icons.js";
import { hint } from "../../parts/bits.js";

/** @param {string} channel @param {any} made */
export function preview(channel, made) {
  const { missing = [], error } = made;
  return [
    { email: mail, slack, whatsapp }[channel]?.(made),
    error && hint(t("templates.error", { why: error }), "bad", "failed"),
    missing.length > 0 && hint(t("templates.missing", { names: missing.join(", ") }), "", "alerts"),
  ];
}

/**
 * A mail, its HTML read by the browser's own parser and shown without scripts, styles or anything
 * from outside.
 */
function mail({ subject, text, html }) {
  return h("div", { class: "preview mail" },
    h("div", { class: "preview-bar" }, icon("email"),
      h("span", { class: "strong" }, subject ?? "")),
    h("div", { class: "preview-body" }, html ? safe(html) : h("p", { class: "pre" }, text)));
}

function slack({ text, blocks }) {
  return h("div", { class: "preview slack" },
    h("div", { class: "preview-bar" }, icon("slack"), "Sereno"),
    h("div", { class: "preview-body stack-small" }, blocks?.length > 0 ? blocks.map(block)
      : h("p", { class: "pre" }, text)));
}

/** The blocks that Sereno makes: headers, sections with fields, contexts and dividers. */
function block({ type, text, fields, elements }) {
  const said = (one) => marked(one?.text ?? "");
  if (type === "header") return h("p", { class: "slack-header" }, text?.text);
  if (type === "divider") return h("hr");
  if (type === "context") return h("p", { class: "slack-context" },
    elements?.map((one) => [said(one), " "]));
  return [text && h("p", { class: "pre" }, said(text)),
    fields && h("div", { class: "slack-fields" },
      fields.map((one) => h("p", { class: "pre" }, said(one))))];
}

/** Slack's bold, and its escaped signs. */
function marked(text) {
  const plain = (part) => part.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;",
    "&");
  return text.split(/(\*[^*\n]+\*)/)
    .map((part) => (/^\*.+\*$/.test(part) ? h("b", null, plain(part.slice(1, -1))) : plain(part)));
}

function whatsapp({ text }) {
  return h("div", { class: "preview whatsapp" },
    h("ol", { class: "thread" }, h("li", { class: "bubble-row is-ours" },
    h("div", { class: "bubble" }, h("p", { class: "bubble-text" }, text),
      h("div", { class: "bubble-foot" },
        h("span", { class: "bubble-ticks is-read" }, icon("ticks")))))));
}

const KEPT = new Set([
  "H1", "H2", "H3", "H4", "P", "B", "STRONG", "I", "EM", "SMALL", "BR", "HR", "UL", "OL", "LI",
  "TABLE", "TBODY", "THEAD", "TR",
  "TH", "TD", "DIV", "SPAN", "BLOCKQUOTE", "CODE", "PRE", "U",
]);

/** The elements of a mail that carry words, made anew without a single attribute. */
function safe(html) {
  // Styles would not be applied, only complained of by the page's policy.
  const bare = html.replace(/<style[\s\S]*?<\/style>/gi, "")
    .replace(/\sstyle\s*=\s*("[^"]*"|'[^']*')/gi, "");
  const { body } = new DOMParser().parseFromString(bare, "text/html");
  const walk = (node) => [...node.childNodes].map((child) => {
    if (child.nodeType === Node.TEXT_NODE) return child.textContent;
    if (child.nodeType !== Node.ELEMENT_NODE
      || ["SCRIPT", "STYLE", "TITLE"].includes(child.tagName)) return null;
    if (child.tagName === "A") return h("span", { class: "preview-link" }, walk(child));
    return KEPT.has(child.tagName) ? h(child.tagName.toLowerCase(), null, walk(child))
      : walk(child);
  });
  return walk(body);
}
