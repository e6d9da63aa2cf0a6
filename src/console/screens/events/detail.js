// @ts-check
// One event in full: the stages that it passed, whom it went to, what it set ticking, and once
// more.

import { asCurl, get, post } from "../../lib/api.js";
import { endpointChoices, endpoints, nameOf } from "../../lib/endpoints.js";
import { h } from "../../lib/dom.js";
import { number, t, word } from "../../lib/i18n.js";
import { ofServer } from "../../lib/refusals.js";
import { address } from "../../lib/router.js";
import { current, may } from "../../lib/session.js";
import { fullTime, time } from "../../lib/time.js";
import { button, channel, copy, facts, hint, id, pill, section, tag,
  why } from "../../parts/bits.js";
import { openDialog } from "../../parts/dialog.js";
import { field, makeForm } from "../../parts/form.js";
import { notice, refused } from "../../parts/notice.js";
import { payload } from "../../parts/payload.js";
import { revealButton } from "../../parts/reveal.js";
import { fillWith } from "../../parts/states.js";
import { timeline } from "../../parts/timeline.js";
import { kindName } from "../timers/kind.js";

/** @param {string} key @param {HTMLElement} box @param {() => void} refresh */
export function detail(key, box, refresh) {
  const path = `/api/v1/events/${encodeURIComponent(key)}`;
  let reveal = null;
  const show = () => fillWith(box, async () => {
    const [found, all] = await Promise.all([get(path, { reveal }), endpoints()]);
    return { ...found, names: new Map(all.map((one) => [one.id, nameOf(one)])),
      timers: await timers(found) };
  }, (found) => view(found, actions(found)));
  const again = async () => {
    try {
      await post(`${path}/reprocess`);
      notice(t("events.reprocessed"), "good");
      setTimeout(() => { show(); refresh(); }, 900);
    } catch (error) {
      refused(error);
    }
  };
  const actions = (found) => h("div", { class: "row" },
    may("operator") && found.quarantined
      && button(t("events.reprocess"), again, { symbol: "retry", kind: "main" }),
    may("operator") && button(t("events.replay"), () => replay(path, () => { show(); refresh(); }),
      { symbol: "retry" }),
    button(t("common.copy_curl"), () => copy(asCurl("GET", path)),
      { symbol: "code", kind: "plain" }),
    reveal === null && revealButton(() => {
      reveal = true;
      show();
    }));
  show();
}

/** What the entity that it is about still waits for. @param {any} event */
async function timers({ entity }) {
  const [kind, ...rest] = (entity ?? "").split("/");
  const names = { reservation: "reservation_id", handoff: "conversation_id" };
  if (!(kind in names) || current()?.portal) return [];
  return get("/api/v1/timers", { [names[kind]]: rest.join("/") }).then(({ items }) => items,
    () => []);
}

function view(found, actions) {
  const { enriched } = found;
  return h("article", { class: "detail" },
    h("header", { class: "detail-head" },
      h("div", { class: "row" }, h("h1", null, found.event_type),
        tag(word(`events.source.${found.source}`))),
      id(found.event_id)),
    why(found.why, found.why?.next_at && time(found.why.next_at, "both")),
    found.quarantined && hint(ofServer(found.quarantined.reason), "bad", "failed"),
    actions,
    section(t("events.deliveries"), deliveries(found)),
    found.timers.length > 0 && section(t("events.timers"), h("ul", { class: "mini-list" },
      found.timers.map((timer) => h("li", null, h("span", { class: "strong" }, kindName(timer.kind)),
        h("span", { class: "grow", title: timer.why?.sentence }, timer.why?.sentence),
        time(timer.due_at))))),
    section(t("events.stages"), timeline(stages(found))),
    section(t("events.facts"), facts([
      [t("events.about"), entityLink(found.entity)],
      [t("events.received"), fullTime(found.received_at)],
      [t("events.happened"), fullTime(found.timestamp)],
      [t("events.ignored"), found.ignored && ofServer(found.ignored)],
      [t("events.weekday"), enriched && word(`events.day.${enriched.weekday}`)],
      [t("events.hours"), enriched && enriched.is_business_hours !== null
        && t(enriched.is_business_hours ? "common.yes" : "common.no")],
      [t("events.holiday"), enriched?.holiday],
      [t("events.lead_of"), enriched?.user && h("a",
        { href: address("leads", enriched.user.lead_id) }, enriched.user.lead_id)],
    ])),
    section(t("events.data"), payload(found.data, t("events.data"))));
}

/** The page of what an event is about. */
function entityLink(entity) {
  if (!entity) return null;
  const [kind, ...rest] = entity.split("/");
  const screens = {
    reservation: "reservations", handoff: "handoffs", conversation: "conversations", lead: "leads",
  };
  return kind in screens ? h("a", { href: address(screens[kind], rest.join("/")) }, entity)
    : entity;
}

function deliveries({ deliveries: all, delivery_counts: counts, names, event_id }) {
  if (all.length === 0) return h("p", { class: "quiet" }, t("events.no_deliveries"));
  const shown = all.slice(0, 20);
  return [
    h("div", { class: "row" }, Object.entries(counts).map(([status, count]) =>
      pill(status, { text: `${word(`common.status.${status}`)} ${number(count)}` }))),
    h("ul", { class: "mini-list" }, shown.map((one) => h("li", null,
      pill(one.status), channel(one.channel),
      h("a", { class: "grow", href: address("deliveries", one.id) }, one.endpoint_id === 0
        ? t("common.customers") : names.get(one.endpoint_id) ?? `#${one.endpoint_id}`),
      one.next_attempt_at && time(one.next_attempt_at)))),
    all.length > shown.length && h("a", { href: address("deliveries", null, { event_id }) },
      t("events.all_deliveries")),
  ];
}

function stages({ pipeline }) {
  return pipeline.map((stage) => ({
    status: stage.status, at: stage.at, title: t(`events.stage.${stage.stage}`),
    took: stage.duration_us === null ? null : took(stage.duration_us), text: detailOf(stage),
  }));
}

/** What came of a stage, where the server says it in words. */
function detailOf({ stage, status, detail: said }) {
  const [, count] = /^(\d+) deliveries$/.exec(said ?? "") ?? [];
  if (count) return t("events.stage_deliveries", { count: Number(count) });
  if (said === "no workflow cares") return t("events.stage_nobody");
  if (stage === "store" && said) return t("events.stage_not_kept");
  return status === "ignored" ? ofServer(said) : said;
}

function took(us) {
  return us < 1_000 ? number(us, { style: "unit", unit: "microsecond" })
    : number(us / 1_000, { style: "unit", unit: "millisecond", maximumFractionDigits: 1 });
}

async function replay(path, done) {
  const choices = [["", t("events.replay_all")], ...await endpointChoices()];
  const dialog = openDialog({ title: t("events.replay"), body: null });
  dialog.show([hint(t("events.replay_text")), makeForm({
    fields: field({
      name: "endpoint_id", label: t("events.replay_to"), type: "select",
      choices: /** @type {any} */ (choices),
    }),
    yes: t("events.replay"), cancel: dialog.close,
    submit: async ({ endpoint_id: only }) => {
      const answer = await post(`${path}/replay`, only ? { endpoint_id: Number(only) } : {});
      dialog.close();
      notice(t("events.replayed", { count: answer.replayed }), "good");
      for (const { reason } of answer.refused) notice(reason, "bad");
      done();
    },
  })]);
}
