// @ts-check
// One letter that was received: what it says, what became of it, and reading it again.

import { asCurl, get, post } from "../../lib/api.js";
import { h } from "../../lib/dom.js";
import { bytes, t, word } from "../../lib/i18n.js";
import { address } from "../../lib/router.js";
import { may } from "../../lib/session.js";
import { fullTime } from "../../lib/time.js";
import { button, copy, facts, hint, id, inBoth, pill, section, tag } from "../../parts/bits.js";
import { notice, refused } from "../../parts/notice.js";
import { payload } from "../../parts/payload.js";
import { revealButton } from "../../parts/reveal.js";
import { fillWith } from "../../parts/states.js";

/** @param {string} key @param {HTMLElement} box @param {() => void} refresh */
export function detail(key, box, refresh) {
  const path = `/api/v1/inbound-log/${encodeURIComponent(key)}`;
  let reveal = null;
  const show = () => fillWith(box, () => get(path, { reveal }),
    (found) => view(found, actions(found)));
  const again = async () => {
    try {
      await post(`${path}/reprocess`);
      notice(t("inbound.reprocessed"), "good");
      setTimeout(() => box.isConnected && (show(), refresh()), 900);
    } catch (error) {
      refused(error);
    }
  };
  const actions = (found) => h("div", { class: "row" },
    may("operator") && !found.refused && button(t("inbound.reprocess"), again,
      { symbol: "retry", kind: found.processed ? "" : "main" }),
    button(t("common.copy_curl"), () => copy(asCurl("GET", path)),
      { symbol: "code", kind: "plain" }),
    reveal === null && revealButton(() => {
      reveal = true;
      show();
    }));
  show();
}

function view(found, actions) {
  const body = found.payload ?? found.body ?? found.body_base64;
  const headers = Object.entries(found.headers ?? {});
  return h("article", { class: "detail" },
    h("header", { class: "detail-head" },
      h("div", { class: "row" }, h("h1", null, word(`common.channel.${found.source}`, found.source)), pill(found.status)), id(found.id)),
    found.error && hint(inBoth(found.error), "bad", "failed"),
    found.note && hint(found.note),
    actions,
    section(t("inbound.facts"), facts([
      [t("inbound.types"), found.types.length > 0
        && h("span", { class: "row" }, found.types.map(tag))],
      [t("inbound.received"), fullTime(found.received_at)],
      [t("inbound.processed"), found.processed_at && fullTime(found.processed_at)],
      [t("inbound.next"), found.next_attempt_at && fullTime(found.next_attempt_at)],
      [t("inbound.peer"), found.peer],
      [t("inbound.size"), bytes(found.body_bytes)],
      [t("inbound.count"), found.count > 1 && String(found.count)],
    ])),
    found.event_ids.length > 0 && section(t("inbound.events"), h("ul", { class: "mini-list" },
      found.event_ids.map((event) => h("li", null,
        h("a", { class: "grow", href: address("events", event) }, event))))),
    body && section(t("inbound.body"), payload(body, found.content_type ?? t("inbound.body"))),
    headers.length > 0 && section(t("inbound.headers"), facts(headers)));
}
