// @ts-check
// Deliveries: one event to one endpoint, how each stands, why, and another try for one or for many.

import { get, post } from "../lib/api.js";
import { errorText } from "../lib/causes.js";
import { countOf } from "../lib/counts.js";
import { endpointChoices, endpointNames } from "../lib/endpoints.js";
import { t, word } from "../lib/i18n.js";
import { address } from "../lib/router.js";
import { may } from "../lib/session.js";
import { time } from "../lib/time.js";
import { h, none } from "../lib/dom.js";
import { button, channel, pill, twoLines } from "../parts/bits.js";
import { ask } from "../parts/dialog.js";
import { eachThatFits } from "../parts/each.js";
import { period } from "../parts/filters.js";
import { bulk } from "../parts/job.js";
import { notice, refused } from "../parts/notice.js";
import { offer } from "../parts/offer.js";
import { listOrItem } from "../parts/page.js";
import { empty } from "../parts/states.js";
import { mayCancel, mayRetry, tryAgain } from "./deliveries/again.js";
import { customerOf } from "./deliveries/customer.js";
import { detail } from "./deliveries/detail.js";

const PATH = "/api/v1/deliveries";
const STATUSES = ["dead", "retrying", "pending", "held", "sent", "collected", "cancelled"];
const COUNTED = ["dead", "retrying", "held"];
const CHANNELS = ["webhook", "slack", "email", "whatsapp"];
const CLASSES = ["2xx", "3xx", "4xx", "5xx", "other", "none"];

/** @param {any} view */
function show(view) {
  const { names, ready } = endpointNames();
  const choices = endpointChoices();
  return listOrItem(view, {
    lead: t("deliveries.lead"),
    actions: (list) => may("operator") && [
      offer((asked) => mayRetry(asked.get("status")) && button(
        t(asked.get("status") ? "deliveries.retry_all" : "deliveries.retry_dead"),
        () => retryMany(query(asked), list.refresh), { symbol: "retry" })),
      offer((asked) => (!asked.get("status") || mayCancel(asked.get("status"))) && button(
        t("deliveries.cancel_all"), () => cancelMany(query(asked), list.refresh),
        { symbol: "gone", kind: "plain" })),
    ],
    spec: {
      screen: "deliveries", label: t("common.screen.deliveries"), path: PATH, query,
      load: async (asked, signal) => {
        const [page] = await Promise.all([get(PATH, asked, signal), ready]);
        return page;
      },
      id: (item) => item.id,
      columns: columns(names),
      chips: {
        name: "status", count,
        values: STATUSES.map((status) => [status, word(`common.status.${status}`)]),
      },
      filters: [
        { name: "q", label: t("deliveries.words"), wide: true },
        {
          name: "channel", label: t("deliveries.channel"), type: "select",
          choices: CHANNELS.map((name) => [name, word(`common.channel.${name}`)]),
        },
        {
          name: "code", label: t("deliveries.code"), type: "select",
          choices: CLASSES.map((name) => [name, word(`deliveries.code_${name}`)]),
        },
        { name: "endpoint_id", label: t("deliveries.endpoint"), type: "select", choices },
        { name: "event_type", label: t("deliveries.event_type"), placeholder: "sla.breached" },
        { name: "event_id", label: t("deliveries.event_id") },
        { name: "since", label: t("common.period"), type: "period" },
      ],
      live: ["delivery"], detail, retry: retryOne, empty: nothing,
    },
  });
}

/**
 * The page's filters as the API takes them.
 * @param {URLSearchParams} asked @returns {Record<string, any>}
 */
function query(asked) {
  const names = ["status", "endpoint_id", "event_type", "event_id", "channel", "code", "q"];
  return { ...Object.fromEntries(names.map((name) => [name, asked.get(name)])), ...period(asked) };
}

/** Those that want attention; the rest would be counted for nothing. */
async function count(status) {
  if (status === "dead") return countOf("/api/v1/dead-letters", {});
  return COUNTED.includes(status) ? countOf(PATH, { status }) : null;
}

/** @returns {import("../parts/table.js").Column[]} */
function columns(names) {
  return [
    { label: t("deliveries.status"), class: "is-tight", phone: "top",
      cell: (item) => pill(item.status) },
    {
      label: t("deliveries.event"), link: true, class: "cut is-broad",
      cell: (item) => twoLines(item.event_type, item.id),
    },
    {
      label: t("deliveries.to"), class: "cut", phone: "wide",
      cell: (item) => twoLines(channel(item.channel), item.endpoint_id === 0
        ? customerOf(item) : names.get(item.endpoint_id) ?? `#${item.endpoint_id}`),
    },
    { label: t("deliveries.attempts"), class: "is-number is-tight", phone: "none",
      cell: (item) => item.attempts },
    { label: t("deliveries.outcome"), class: "cut", phone: "wide", cell: outcome },
    {
      label: t("deliveries.next"), class: "is-tight", phone: "none",
      cell: (item) => (item.next_probe_at ? twoLines(time(item.next_probe_at), t("deliveries.by_probe"))
        : time(item.next_attempt_at)),
    },
    {
      label: t("deliveries.created"), class: "is-tight", phone: "foot",
      cell: (item) => time(item.created_at, "both"),
    },
  ];
}

/** What it came to last: the answer, or why there is none. */
function outcome(item) {
  const { response_code: code, error_message: error, provider_status: provider } = item;
  const answered = code === null ? null : code === -1 ? t("deliveries.no_answer") : `HTTP ${code}`;
  const said = provider ? word(`common.status.${provider}`) : errorText(error);
  if (!answered && !said) return none();
  return answered && said ? twoLines(answered, said) : answered ?? said;
}

/** Asks, then tries one again. */
async function retryOne(item) {
  if (!may("operator")) return;
  if (!mayRetry(item.status)) {
    return notice(t(item.status === "held" ? "deliveries.retry_held" : "deliveries.retry_cancelled"));
  }
  const sure = await ask({
    title: t("deliveries.retry"), text: t("deliveries.retry_ask", { type: item.event_type }),
    yes: t("deliveries.retry"),
  });
  if (!sure) return;
  await tryAgain(`${PATH}/${item.id}`, t("deliveries.retried")).catch(refused);
}

/** Tries again what the filters choose: what was given up, unless they name another status. */
function retryMany(asked, done) {
  const wanted = { ...asked, status: asked.status ?? "dead" };
  const title = t("deliveries.retry_all");
  const yes = t("deliveries.retry_yes");
  const text = (count) => t("deliveries.retry_all_ask",
    { count, status: word(`common.status.${wanted.status}`).toLowerCase() });
  // Jobs know nothing of single events: what fits of one is tried one by one.
  if (wanted.event_id) {
    return eachThatFits({ path: PATH, query: wanted, title, yes, text, done,
      name: (item) => `${item.event_type} ${item.id}`,
      act: async (item, said) => {
        const { status } = await post(`${PATH}/${encodeURIComponent(item.id)}/retry`, said);
        if (status === "held") throw new Error(t("deliveries.retry_held"));
      } });
  }
  bulk({ path: `${PATH}/retry`, body: bodyOf(wanted), done, title, yes, text });
}

/** Ends what the filters choose of what still waits. */
function cancelMany(asked, done) {
  const [title, yes] = [t("deliveries.cancel_all"), t("deliveries.cancel_yes")];
  const text = (count) => t("deliveries.cancel_all_ask", { count });
  // As above: nothing else waits of one that does not.
  if (asked.event_id) {
    return eachThatFits({ path: PATH, query: asked, title, yes, text, done, danger: true,
      name: (item) => `${item.event_type} ${item.id}`, fits: (item) => mayCancel(item.status),
      act: (item, said) => post(`${PATH}/${encodeURIComponent(item.id)}/cancel`, said) });
  }
  bulk({ path: `${PATH}/cancel`, body: bodyOf(asked), done, title, yes, text, danger: true });
}

/** The filters as the body of work on many. @param {Record<string, any>} asked */
function bodyOf(asked) {
  const body = Object.fromEntries(Object.entries(asked).filter(([, value]) => value));
  return body.endpoint_id ? { ...body, endpoint_id: Number(body.endpoint_id) } : body;
}

function nothing() {
  return empty({
    symbol: "deliveries", title: t("deliveries.empty"), text: t("deliveries.empty_text"),
    shell: "sereno send client.created --data '{\"name\": \"Ana\"}'",
    action: h("a", { class: "button", href: address("endpoints") }, t("deliveries.empty_action")),
  });
}

export default { words: ["deliveries"], show };
