// @ts-check
// One endpoint in full: how it stands and why, a test with its result, its history, and what is
// done to it.

import { asCurl, get, post, remove } from "../../lib/api.js";
import { forgetEndpoints, nameOf } from "../../lib/endpoints.js";
import { h } from "../../lib/dom.js";
import { icon } from "../../lib/icons.js";
import { errorText } from "../../lib/causes.js";
import { number, percent, t, word } from "../../lib/i18n.js";
import { address, closeBeside } from "../../lib/router.js";
import { may } from "../../lib/session.js";
import { duration, fullTime, span, time } from "../../lib/time.js";
import { button, copy, facts, pill, section, tag, why } from "../../parts/bits.js";
import { ask } from "../../parts/dialog.js";
import { menu } from "../../parts/menu.js";
import { notice, refused } from "../../parts/notice.js";
import { fillWith } from "../../parts/states.js";
import { change } from "./form.js";
import { recover, rotate } from "./repair.js";
import { stateOf } from "./state.js";
import { test } from "./test.js";
import { verification } from "./verify.js";

const PATH = "/api/v1/admin/notify/endpoints";
/** As many lines of its history as are shown here. */
const SHOWN_MAX = 12;
/** So often it is asked for more of them where what was looked through holds fewer. */
const LOOKS_MAX = 5;

/** @param {string} id @param {HTMLElement} box @param {() => void} refresh */
export function detail(id, box, refresh) {
  const show = () => fillWith(box, async () => {
    const [endpoint, sent, failed, stats] = await Promise.all([
      get(`${PATH}/${id}`), lines(id, "sent"), lines(id, "failed"),
      get("/api/v1/stats", { window: "1d" }).catch(() => null),
    ]);
    const all = stats?.windows["1d"].deliveries.by_endpoint ?? [];
    const log = [...sent, ...failed].sort((one, other) => one.created_at < other.created_at ? 1
      : -1);
    return { endpoint, log: log.slice(0, SHOWN_MAX),
      day: all.find((one) => one.endpoint_id === endpoint.id) };
  }, (found) => view(found, { show: () => { show(); refresh(); }, box }));
  show();
}

/** The last lines of its log that ended so. */
async function lines(id, status) {
  const items = [];
  let cursor = null;
  for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
    const query = { endpoint_id: id, status, limit: SHOWN_MAX, cursor };
    const page = await get("/api/v1/admin/notify/logs", query);
    items.push(...page.items);
    cursor = page.next_cursor;
    if (items.length >= SHOWN_MAX || cursor === null) break;
  }
  return items;
}

function view({ endpoint, log, day }, page) {
  const { state } = stateOf(endpoint);
  const result = h("div", { "aria-live": "polite" });
  return h("article", { class: "detail" },
    h("header", { class: "detail-head" },
      h("div", { class: "row" }, h("h1", null, icon(endpoint.kind), h("span", null, nameOf(endpoint))), pill(state)),
      h("p", { class: "quiet code" }, endpoint.target)),
    why(endpoint.why, comes(endpoint.why)),
    actions(endpoint, page, result), result,
    day && day.attempts > 0 && section(t("endpoints.day_title"), numbers(day)),
    section(t("endpoints.settings"), settings(endpoint), verification(endpoint)),
    section(h("span", { class: "row grow" }, t("endpoints.history"),
      h("a", { class: "button plain small",
        href: address("deliveries", null, { endpoint_id: endpoint.id }) },
        t("endpoints.all_deliveries"))), history(log), filtered(endpoint.id)));
}

/** When it is tried again; that it is disabled one day if it goes on failing is said in the sentence. */
function comes(reason) {
  return reason?.next !== "disable" && reason?.next_at && time(reason.next_at, "both");
}

/** What its filters held back, looked up only where somebody asks. */
function filtered(id) {
  const box = h("div");
  const look = () => fillWith(box, () => lines(String(id), "filtered"), (log) => log.length === 0
    ? h("p", { class: "quiet" }, t("endpoints.none_filtered")) : history(log.slice(0, SHOWN_MAX)));
  return h("details", { ontoggle: (event) => event.target.open && look() },
    h("summary", null, t("endpoints.filtered")), box);
}

function actions(endpoint, { show, box }, result) {
  const isOn = endpoint.enabled;
  const act = (work) => async () => {
    try {
      await work();
      forgetEndpoints();
      if (box.isConnected) show();
    } catch (error) {
      refused(error);
    }
  };
  const toggle = act(async () => {
    const sure = !isOn || await ask({
      title: t("endpoints.disable"), text: t("endpoints.disable_ask"), yes: t("endpoints.disable"),
    });
    if (!sure) return;
    const { enabled } = await post(`${PATH}/${endpoint.id}/toggle`);
    notice(t(enabled ? "endpoints.enabled" : "endpoints.disabled"), "good");
  });
  const erase = async () => {
    const sure = await ask({
      title: t("endpoints.delete"), text: t("endpoints.delete_ask", { name: nameOf(endpoint) }),
      yes: t("common.delete"), danger: true, type: `#${endpoint.id}`,
    });
    if (!sure) return;
    await remove(`${PATH}/${endpoint.id}`).then(() => {
      notice(t("endpoints.deleted"), "good");
      forgetEndpoints();
      if (location.pathname.endsWith(`/${endpoint.id}`)) location.assign(address("endpoints"));
      else closeBeside();
      show();
    }, refused);
  };
  const hasSecret = endpoint.kind === "webhook" && endpoint.has_secret;
  return h("div", { class: "row" },
    may("operator") && button(t("endpoints.test"), () => test(endpoint, result),
      { symbol: "test", kind: "main", disabled: !isOn }),
    may("operator") && button(t("endpoints.recover"), () => recover(endpoint, show),
      { symbol: "retry" }),
    may("admin") && button(t(isOn ? "endpoints.disable" : "endpoints.enable"), toggle,
      { symbol: "power" }),
    may("admin") && button(t("common.edit"), () => change(endpoint, show), { symbol: "edit" }),
    button(t("common.copy_curl"), () => copy(asCurl("GET", `${PATH}/${endpoint.id}`)),
      { symbol: "code", kind: "plain" }),
    may("admin") && menu({ symbol: "more", label: t("common.further"), kind: "" }, (close) => [
      hasSecret && button(t("endpoints.rotate"), () => { close(); rotate(endpoint, show); },
        { symbol: "keys", kind: "plain" }),
      button(t("endpoints.delete"), () => { close(); erase(); },
        { symbol: "trash", kind: "plain" }),
    ]));
}

function numbers(day) {
  const figures = [
    [percent(day.success_rate), t("endpoints.success")],
      [number(day.attempts), t("endpoints.attempts")],
    [number(day.retries), t("endpoints.retries")],
      [number(day.dead_letters), t("endpoints.given_up")],
    [duration(day.latency.p50_ms), "p50"], [duration(day.latency.p95_ms), "p95"],
  ];
  return h("div", { class: "figures" }, figures.map(([value, name]) =>
    h("div", { class: "figure" }, h("span", { class: "figure-value" }, value),
      h("span", null, name))));
}

function settings(endpoint) {
  const { filters, previous_secrets: previous } = endpoint;
  const tags = (list) => list?.length > 0 && h("span", { class: "row" }, list.map(tag));
  return facts([
    [t("endpoints.events"), tags(filters.events) || t("endpoints.everything")],
    [t("endpoints.intents"), tags(filters.intents)],
    [t("endpoints.signature"), endpoint.kind === "webhook"
      && word(`endpoints.signature_${endpoint.signature}`, endpoint.signature)],
    [t("endpoints.public_key"), endpoint.public_key
      && h("span", { class: "code" }, endpoint.public_key)],
    [t("endpoints.secret_made"), endpoint.secret_created_at
      && fullTime(endpoint.secret_created_at)],
    [t("endpoints.secret_old"), previous[0]
      && [t("endpoints.until"), " ", time(previous[0].expires_at, "both")]],
    [t("endpoints.auth"), endpoint.auth && t(`endpoints.auth_${endpoint.auth}`)],
    [t("endpoints.headers"), tags(Object.keys(endpoint.headers))],
    [t("endpoints.retry"), ladder(endpoint.retry)],
    [t("endpoints.rate"), endpoint.rate_limit && number(endpoint.rate_limit.per_minute)],
    [t("endpoints.batch"), endpoint.batch && `${endpoint.batch.max} · ${span(endpoint.batch.wait)}`],
    [t("endpoints.ordering"), endpoint.ordering === "fifo" && t("common.yes")],
    [t("endpoints.timeout"), endpoint.timeout && span(endpoint.timeout)],
    [t("endpoints.disable_after"), endpoint.disable_after && span(endpoint.disable_after)],
    [t("endpoints.kept_by"), endpoint.kept_by],
    [t("endpoints.failing"), endpoint.failing_since && fullTime(endpoint.failing_since)],
    [t("endpoints.created"), fullTime(endpoint.created_at)],
  ]);
}

function ladder(retry) {
  if (!retry) return t("endpoints.retry_default");
  if (retry.preset && retry.preset !== "exponential") return t(`endpoints.retry_${retry.preset}`);
  return Object.entries(retry)
    .filter(([name, value]) => value !== null && name !== "preset")
    .map(([name, value]) => t(`endpoints.ladder_${name}`,
      { value: typeof value === "string" ? span(value) : number(Number(value)) })).join(" · ");
}

function history(log) {
  if (log.length === 0) return h("p", { class: "quiet" }, t("endpoints.no_history"));
  return h("ul", { class: "mini-list" }, log.map((line) => h("li", null,
    pill(line.status),
    line.delivery_id
      ? h("a", { class: "grow", href: address("deliveries", line.delivery_id) }, line.event)
      : h("span", { class: "grow", title: line.error_message },
        h("a", { href: address("events", line.event_id) }, line.event), " ",
        h("span", { class: "quiet" }, errorText(line.error_message))),
    h("span", { class: "quiet nowrap" }, line.response_code > 0 ? `HTTP ${line.response_code}`
      : line.status === "filtered" ? "" : line.error_message ? word("endpoints.no_answer") : ""),
    line.status !== "filtered" && h("span", { class: "quiet nowrap" }, duration(line.duration_ms)),
    time(line.created_at))));
}
