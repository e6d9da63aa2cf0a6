// @ts-check
// One delivery in full: why it stands so, everything that was tried, what was sent and what came
// back.

import { asCurl, get, post } from "../../lib/api.js";
import { endpointName } from "../../lib/endpoints.js";
import { h } from "../../lib/dom.js";
import { t, word } from "../../lib/i18n.js";
import { address } from "../../lib/router.js";
import { may } from "../../lib/session.js";
import { fullTime, time } from "../../lib/time.js";
import { button, channel, copy, facts, id, pill, section, why, whoName } from "../../parts/bits.js";
import { ask } from "../../parts/dialog.js";
import { notice, refused } from "../../parts/notice.js";
import { payload } from "../../parts/payload.js";
import { reasonField } from "../../parts/reason.js";
import { revealButton } from "../../parts/reveal.js";
import { fillWith } from "../../parts/states.js";
import { timeline } from "../../parts/timeline.js";
import { mayCancel, mayRetry, tryAgain } from "./again.js";
import { attempts } from "./attempts.js";
import { customerFacts } from "./customer.js";
import { handOn } from "./hand-on.js";

/** When a delivery that was tried again is looked at once more. */
const LOOKS_MS = [700, 2_000, 5_000];

/** @param {string} key @param {HTMLElement} box @param {() => void} refresh */
export function detail(key, box, refresh) {
  const path = `/api/v1/deliveries/${encodeURIComponent(key)}`;
  let reveal = null;
  const show = () => fillWith(box, async () => {
    const found = await get(path, { reveal });
    return { ...found, endpoint: await endpointName(found.endpoint_id) };
  }, (found) => view(found, actions(found)));

  async function retry() {
    try {
      if (!await tryAgain(path, t("deliveries.retried"))) return show();
      for (const wait of LOOKS_MS) {
        setTimeout(() => box.isConnected && (show(), refresh()), wait);
      }
    } catch (error) {
      refused(error);
    }
  }

  /** Asks, then has it end: what was not sent by then is not sent any more. */
  async function cancel(type) {
    const reason = reasonField();
    const sure = await ask({
      title: t("deliveries.cancel"), text: t("deliveries.cancel_ask", { type }),
      yes: t("deliveries.cancel"), danger: true, more: reason.element,
    });
    if (!sure) return;
    await post(`${path}/cancel`, reason.said())
      .then(() => notice(t("deliveries.cancelled"), "good"), refused);
    // One that was refused stands otherwise than is shown.
    show();
    refresh();
  }

  const actions = (found) => h("div", { class: "row" },
    may("operator") && [
      mayRetry(found.status) && button(t("deliveries.retry"), retry,
        { symbol: "retry", kind: found.status === "sent" ? "" : "main" }),
      button(t("deliveries.hand_on"), () => handOn(found, refresh), { symbol: "out" }),
      mayCancel(found.status) && button(t("deliveries.cancel"),
        () => cancel(found.event_type), { symbol: "gone", kind: "danger" }),
    ],
    h("a", { class: "button", href: address("events", found.event_id) }, t("deliveries.to_event")),
    button(t("common.copy_curl"), () => copy(asCurl("GET", path)),
      { symbol: "code", kind: "plain" }),
    reveal === null && revealButton(() => {
      reveal = true;
      show();
    }));

  show();
}

function view(found, actions) {
  return h("article", { class: "detail" },
    h("header", { class: "detail-head" },
      h("div", { class: "row" }, h("h1", null, found.event_type), pill(found.status)),
      id(found.id)),
    why(found.why, comes(found.why)),
    actions,
    section(t("deliveries.tried"), timeline(steps(found))),
    section(t("deliveries.facts"), facts([
      [t("deliveries.to"), h("span", { class: "row" }, channel(found.channel),
        found.endpoint_id > 0
          ? h("a", { href: address("endpoints", String(found.endpoint_id)) }, found.endpoint)
          : found.endpoint)],
      ...customerFacts(found),
      [t("deliveries.event"), h("a", { href: address("events", found.event_id) }, found.event_id)],
      [t("deliveries.created"), fullTime(found.created_at)],
      [t("deliveries.next"), nextOf(found) && fullTime(nextOf(found))],
      [t("deliveries.attempts"), String(found.attempts)],
      ...cancelled(found.cancelled_by_hand),
      [t("deliveries.provider_id"), found.provider_message_id],
      [t("deliveries.provider_error"), found.provider_error
        && `${found.provider_error.code} ${found.provider_error.message ?? ""}`],
    ])),
    section(t("deliveries.request"), payload(found.payload, t("deliveries.body"))));
}

/** Who had it end, when and why. */
function cancelled(by_hand) {
  if (!by_hand) return [];
  const { at, by, reason } = by_hand;
  return [
    [t("deliveries.cancelled_by"), [whoName(by), by.name && by.id
      && h("span", { class: "quiet" }, ` · ${by.id}`)]],
    [t("deliveries.cancelled_at"), fullTime(at)],
    [t("common.reason"), reason],
  ];
}

/** When it goes; until when a dead letter is kept is said in the sentence. */
function comes(reason) {
  return reason?.next !== "expires" && reason?.next_at && time(reason.next_at, "both");
}

/** When it is tried next: by itself, or once its endpoint is probed. */
const nextOf = (found) => found.next_probe_at ?? found.next_attempt_at;

/** From the event to the last answer, and what is still to come. */
function steps(found) {
  const born = {
    status: "info", symbol: "events", title: t("deliveries.step_created"), at: found.created_at,
  };
  const told = ["sent", "delivered", "read", "played", "failed"]
    .filter((name) => found.provider_times?.[`${name}_at`])
    .map((name) => ({
      status: name, symbol: "whatsapp", at: found.provider_times[`${name}_at`],
      title: t("deliveries.provider_says", { status: word(`common.status.${name}`) }),
    }));
  const ahead = nextOf(found) && {
    status: "waiting", ahead: true, title: t("deliveries.step_next"), at: nextOf(found),
  };
  const ended = found.cancelled_by_hand && {
    status: "cancelled", title: t("deliveries.step_cancelled"), at: found.cancelled_by_hand.at,
  };
  return [born, ...attempts(found.history), ...told, ended, ahead].filter(Boolean);
}
