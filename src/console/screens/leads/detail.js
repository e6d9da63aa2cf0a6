// @ts-check
// One person: who they are, what they want to hear, and everything that happened to them in one
// history.

import { asCurl, get } from "../../lib/api.js";
import { h, put } from "../../lib/dom.js";
import { number, t, word } from "../../lib/i18n.js";
import { address } from "../../lib/router.js";
import { fullTime, time } from "../../lib/time.js";
import { button, copy, facts, hint, id, pill, section } from "../../parts/bits.js";
import { refused } from "../../parts/notice.js";
import { revealButton } from "../../parts/reveal.js";
import { fillWith } from "../../parts/states.js";
import { merged, thread } from "../../parts/thread.js";

const PAGE = 50;

/** @param {string} key @param {HTMLElement} box */
export function detail(key, box) {
  const path = `/api/v1/leads/${encodeURIComponent(key)}`;
  let reveal = null;
  const show = () => fillWith(box, async () => {
    const [found, history] = await Promise.all([get(path, { reveal }),
      get(`${path}/history`, { reveal, limit: PAGE })]);
    return { found, history };
  }, ({ found, history }) => view(found, history, { path, reveal, actions: actions(found) }));
  const actions = (found) => h("div", { class: "row" },
    found.conversation_id && h("a",
      { class: "button", href: address("conversations", found.conversation_id) },
      t("leads.to_conversation")),
    h("a", { class: "button", href: address("conversations", null, { lead_id: found.lead_id }) },
      t("leads.to_conversations")),
    button(t("common.copy_curl"), () => copy(asCurl("GET", `${path}/history`)),
      { symbol: "code", kind: "plain" }),
    reveal === null && revealButton(() => {
      reveal = true;
      show();
    }));
  show();
}

function view(found, history, { path, reveal, actions }) {
  const figure = (name) => h("div", { class: "figure" },
    h("span", { class: "figure-value" }, number(found[name])), t(`leads.${name}`));
  return h("article", { class: "detail" },
    h("header", { class: "detail-head" },
      h("div", { class: "row" },
        h("h1", null, found.name ?? found.user_ids[0] ?? t("leads.nameless")),
        found.opted_out && pill("silenced", { text: t("leads.opted_out") })),
      id(found.lead_id)),
    found.merged_into && hint([t("leads.merged"), " ",
      h("a", { href: address("leads", found.merged_into) }, found.merged_into)]),
    found.opted_out && hint([t("leads.opted_out_text", { how: found.opted_out.how }), " ",
      time(found.opted_out.at)], "", "silence"),
    actions,
    h("div", { class: "figures" }, ["messages", "conversations", "calls", "orders"].map(figure)),
    section(t("leads.history"), story(path, history, reveal)),
    section(t("leads.facts"), facts([
      [t("leads.number"), found.wa_number_hash
        && h("span", { class: "code" }, found.wa_number_hash)],
      [t("leads.former"), found.former_wa_number_hashes.length > 0
        && h("span", { class: "code" }, found.former_wa_number_hashes.join(", "))],
      [t("leads.user_ids"), found.user_ids.length > 0 && found.user_ids.join(", ")],
      [t("leads.locale"), found.locale],
      [t("leads.source"), word(`common.channel.${found.source}`, found.source ?? "")],
      [t("leads.campaign"), found.campaign],
      [t("leads.first_seen"), found.first_seen_at && fullTime(found.first_seen_at)],
      [t("leads.last_seen"), found.last_seen_at && fullTime(found.last_seen_at)],
    ])));
}

/** The history as a thread, the newest below; earlier pages come on demand. */
function story(path, first, reveal) {
  let { items, next_cursor: cursor } = first;
  const box = h("div", null, items.length > 0 ? thread(merged(items))
    : h("p", { class: "quiet" }, t("leads.no_history")));
  const more = button(t("leads.earlier"), async () => {
    more.disabled = true;
    try {
      const page = await get(`${path}/history`, { cursor, reveal, limit: PAGE });
      cursor = page.next_cursor;
      items = [...items, ...page.items];
      put(box, thread(merged(items)));
      more.hidden = !cursor;
    } catch (error) {
      refused(error);
    } finally {
      more.disabled = false;
    }
  }, { kind: "small" });
  more.hidden = !cursor;
  return [more, box];
}
