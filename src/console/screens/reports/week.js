// @ts-check
// A week's report: its totals beside those of the week before, its days, what failed and why, and
// what somebody should look at.

import { asCurl, get, post } from "../../lib/api.js";
import { causeName } from "../../lib/causes.js";
import { chart } from "../../lib/charts.js";
import { h, put } from "../../lib/dom.js";
import { language, number, percent, short, t } from "../../lib/i18n.js";
import { icon } from "../../lib/icons.js";
import { address, setQuery, withChanges } from "../../lib/router.js";
import { may } from "../../lib/session.js";
import { duration, time } from "../../lib/time.js";
import { DAY, dayName, daysAfter } from "../../lib/zone.js";
import { button, channel, copy, hint } from "../../parts/bits.js";
import { openDialog } from "../../parts/dialog.js";
import { field, makeForm } from "../../parts/form.js";
import { notice } from "../../parts/notice.js";
import { bones, failed, state, wrongFilter } from "../../parts/states.js";
import { top } from "./live.js";

const PATH = "/api/v1/reports/weekly";
const NUMBERS = [
  "events", "reservations_created", "reservations_confirmed", "reservations_cancelled",
  "reminders_sent", "no_shows",
  "conversations_started", "messages_received", "messages_sent", "handoffs_opened", "sla_breached",
  "conversions",
];
/** More of these is worse. */
const BAD = ["no_shows", "sla_breached", "reservations_cancelled", "dead_letters"];

/** @param {HTMLElement} box @param {URLSearchParams} query @param {AbortSignal} signal */
export async function week(box, query, signal) {
  const asked = { week: query.get("week"), date: query.get("date"), lang: language() };
  put(box, bones(8));
  try {
    const report = await get(PATH, asked, signal);
    put(box, view(report));
  } catch (error) {
    const said = /** @type {any} */ (error);
    if (said.name === "AbortError") return;
    const last = () => setQuery({ week: null, date: null });
    put(box, [400, 422].includes(said.status) ? wrongFilter(error, last) : said.status === 404
      ? state({ symbol: "calendar", title: t("reports.none"), text: said.message },
      h("a", { class: "button", href: withChanges({ week: null, date: null }) },
        t("reports.last_week")))
      : failed(error, () => week(box, query, signal)));
  }
}

function view(report) {
  if (!report.totals) return uncounted(report);
  const points = report.days.map((day) => ({
    ...day, at: `${day.date}T12:00:00Z`, gap: day.to_come ? "·" : "?",
  }));
  const say = (at) => dayName(at.slice(0, 10), DAY);
  const mark = (at) => dayName(at.slice(0, 10), { weekday: "short", day: "numeric" });
  const days = { points, say, mark, kind: /** @type {const} */ ("bars"), unit: short, height: 160 };
  const one = (name, tone, of = (day) => day[name]) =>
    ({ name, tone, label: t(`reports.${name}`), of });
  return h("div", { class: "stack" },
    header(report),
    remarks(report.attention, "bad", "alerts"), remarks(report.notes, "", "info"),
    h("section", { class: "strip", "aria-label": t("reports.totals") },
      NUMBERS.map((name) => total(name, report))),
    h("section", { class: "strip", "aria-label": t("reports.rates") }, rates(report)),
    h("div", { class: "board" },
      h("section", { class: "card half" }, chart({
        ...days, title: t("reports.bookings"),
        series: [one("reservations_created", "busy"), one("no_shows", "bad")],
      })),
      h("section", { class: "card half" }, chart({
        ...days, title: t("reports.deliveries"),
        series: [one("deliveries_sent", "good"), one("deliveries_failed", "bad")],
      })),
      h("section", { class: "card half" }, chart({
        ...days, title: t("reports.events"), kind: "lines",
        series: [one("events", "busy"), one("events_before", "calm")],
      })),
      h("section", { class: "card half" }, chart({
        ...days, title: t("reports.conversations_started"),
        series: [one("conversations_started", "good")],
      })),
      h("section", { class: "card half" }, h("h2", null, t("reports.channels")),
        channels(report.channels)),
      h("section", { class: "card half" }, h("h2", null, t("reports.top")), top(report.top_events)),
      h("section", { class: "card half" }, h("h2", null, t("reports.causes")), causes(report)),
      h("section", { class: "card half" }, h("h2", null, t("reports.by_mail")), schedule(report))));
}

/** A week of which nothing was counted: what is unknown is no zero, and no reason to be calm. */
function uncounted(report) {
  const said = report.notes.map(({ sentence }) => sentence).join(" ");
  return h("div", { class: "stack" }, header(report),
    state({ symbol: "help", title: t("reports.uncounted"), text: said }),
    h("section", { class: "card" }, h("h2", null, t("reports.by_mail")), schedule(report)));
}

/** Sentences of the server, in one box. */
function remarks(all, kind, symbol) {
  return all?.length > 0 && hint(h("ul", { class: "remarks" },
    all.map(({ sentence }) => h("li", null, sentence))), kind, symbol);
}

function header(report) {
  const step = (day, symbol, text) => h("a", {
    class: "button icon-only", title: text, "aria-label": text,
    href: withChanges({ week: null, date: day }),
  }, icon(symbol));
  const isNow = !report.complete;
  return h("div", { class: "week-head" },
    step(daysAfter(report.first_day, -7), "left", t("reports.week_before")),
    h("h2", null, `${dayName(report.first_day, LONG)} – ${dayName(report.last_day, LONG)}`),
    !isNow && step(daysAfter(report.first_day, 7), "right", t("reports.week_after")),
    h("span", { class: "quiet" },
      `${report.week} · ${report.timezone}${isNow ? ` · ${t("reports.not_over")}` : ""}`),
    h("span", { class: "row end" },
      may("operator") && button(t("reports.send"), () => send(report), { symbol: "email" }),
      button(t("common.copy_curl"),
        () => copy(asCurl("GET", PATH, { query: { week: report.week } })),
        { symbol: "code", kind: "plain" })));
}

/** @type {Intl.DateTimeFormatOptions} */
const LONG = { day: "numeric", month: "long" };

/** A number with how it stands beside the week before. */
function total(name, { totals, week_before: before }) {
  return h("div", { class: "vital" }, h("span", { class: "vital-name" }, t(`reports.${name}`)),
    h("span", { class: "vital-value" }, short(totals[name])),
    change(totals[name], before?.[name], BAD.includes(name)));
}

function change(now, before, isBad) {
  // That nothing can be compared is said once, above.
  if (before === null || before === undefined) return null;
  const distance = now - before;
  if (distance === 0) return h("span", { class: "vital-note" }, t("reports.same"));
  const share = before === 0 ? "" : ` (${percent(distance / before, 0)})`;
  const tone = (distance > 0) === isBad ? "bad" : "good";
  return h("span", { class: `vital-note change ${tone}` },
    `${distance > 0 ? "▲ +" : "▼ "}${number(distance)}${share}`);
}

function rates({ totals }) {
  const rate = (name, value, note) =>
    h("div", { class: "vital" }, h("span", { class: "vital-name" }, t(`reports.${name}`)),
    h("span", { class: "vital-value" }, value), h("span", { class: "vital-note" }, note));
  const { deliveries, ai_response_time: ai, handoff_response_time: handoff } = totals;
  return [
    rate("success_rate", percent(deliveries.success_rate),
      t("reports.of_attempts", { count: deliveries.attempts })),
    rate("no_show_rate", percent(totals.no_show_rate), t("reports.of_due")),
    rate("ai_p95", duration(ai.p95_ms), `p50 ${duration(ai.p50_ms)}`),
    rate("handoff_time", duration(handoff.p95_ms), `p50 ${duration(handoff.p50_ms)}`),
  ];
}

function channels(all) {
  if (all.length === 0) return h("p", { class: "quiet" }, t("reports.nothing"));
  return h("ul", { class: "attention" }, all.map(oneChannel));
}

function oneChannel({ channel: name, attempts, success_rate: share, dead_letters: dead, latency }) {
  const note = { attempts: short(attempts), dead, p95: duration(latency.p95_ms) };
  return h("li", null, h("div", { class: "grow stack-small" },
    h("div", { class: "row" }, channel(name), h("span", { class: "grow" }),
      h("span", { class: "strong" }, percent(share)),
      h("span", { class: "quiet" }, t("reports.channel_note", note))),
    h("div", { class: "meter good", vars: { "--share": share ?? 0 } }, h("span"))));
}

/** Why attempts failed, and to whom. */
function causes({ causes: all, failing_endpoints: endpoints }) {
  if (all.length + endpoints.length === 0) return h("p", { class: "quiet" },
    t("reports.no_failures"));
  const most = Math.max(1, ...all.map(({ count }) => count));
  return [
    h("div", { class: "bar-rows" },
      all.map(({ cause, count }) => [h("span", { title: cause }, causeName(cause)),
      h("span", { class: "meter bad", vars: { "--share": count / most } }, h("span")),
      h("span", { class: "is-number" }, number(count))])),
    endpoints.length > 0 && h("ul", { class: "mini-list further-list" },
      endpoints.map((one) => h("li", null,
      h("a", { class: "grow", href: address("endpoints", String(one.endpoint_id)) },
        one.host ?? `#${one.endpoint_id}`),
      h("span", { class: "quiet" },
        t("reports.endpoint_note",
        { failed: one.failed, attempts: one.attempts, dead: one.dead_letters }))))),
  ];
}

function schedule({ schedule: { enabled, due_at: due, last_week: last } }) {
  return h("div", { class: "stack-small" },
    h("p", null, enabled ? [t("reports.next_mail"), " ", time(due, "both")]
      : t("reports.mail_off")),
    last && h("p", { class: "quiet" }, t("reports.last_mail", { week: last })),
    !enabled && may("admin")
      && h("p", null, h("a", { href: address("tenants") }, t("reports.to_settings"))));
}

function send(report) {
  const dialog = openDialog({ title: t("reports.send"), body: null });
  dialog.show(makeForm({
    fields: field({
      name: "to", label: t("reports.send_to"), hint: t("reports.send_hint"),
      placeholder: "gerencia@trattoria.example", type: "text",
    }),
    yes: t("reports.send_yes"), cancel: dialog.close,
    submit: async ({ to }) => {
      const readers = to?.split(/[\s,;]+/).filter(Boolean);
      const answer = await post(`${PATH}/send`,
        { week: report.week, ...(readers ? { to: readers } : {}) });
      dialog.close();
      notice(t("reports.sent_to", { to: answer.to.join(", ") }), "good");
    },
  }));
}
