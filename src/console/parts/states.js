// @ts-check
// The four states of whatever is fetched: on its way, failed, nothing that fits, nothing at all.

import { h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { t } from "../lib/i18n.js";
import { mayChooseTenant, tenant } from "../lib/session.js";
import { button, command } from "./bits.js";
import { inWords } from "./notice.js";

/** @param {{symbol: string, title: string, text?: any, kind?: string}} what */
export function state({ symbol, title, text, kind = "" }, ...more) {
  return h("div", { class: ["state", kind] }, icon(symbol),
    h("h2", null, title), text && h("p", null, text), more);
}

/**
 * It failed: what happened, what to do, and once more; where the server did not answer, by itself too, as soon
 * as it does.
 */
export function failed(error, again) {
  const texts = { 0: "error_offline", 403: "error_forbidden", 404: "error_missing" };
  const known = texts[error?.status];
  const advice = known ? t(`common.${known}`) : t("common.error_advice");
  const element = h("div", { class: "state is-error", role: "alert" }, icon("failed"),
    h("h2", null, t("common.error")),
    h("p", null, inWords(error)), h("p", { class: "quiet" }, advice),
    again && button(t("common.again"), again, { symbol: "retry" }));
  if (again && [0, 503].includes(error?.status)) {
    addEventListener("sereno-back", () => element.isConnected && again(), { once: true });
  }
  return element;
}

/** A value of a filter that makes no sense: nothing is wrong with the server. */
export function wrongFilter(error, clear) {
  return h("div", { class: "state", role: "alert" }, icon("filter"),
    h("h2", null, t("common.wrong_filter")), h("p", null, inWords(error)),
    button(t("common.clear_filters"), clear, { symbol: "cross" }));
}

/** Filters that nothing fits. */
export function noMatch(clear) {
  const what = { symbol: "filter", title: t("common.no_match"), text: t("common.no_match_text") };
  return state(what, button(t("common.clear_filters"), clear, { symbol: "cross" }));
}

/** Nothing in what was looked at so far: there is more to look at. */
export function notYet(on) {
  const what = { symbol: "search", title: t("common.not_yet"), text: t("common.not_yet_text") };
  return state(what, button(t("common.search_on"), on, { symbol: "search" }));
}

/**
 * Nothing yet: what would be here, and the next step.
 * @param {{title: string, text?: any, shell?: string, action?: any, symbol?: string}} what
 */
export function empty({ title, text, shell, action, symbol = "empty" }) {
  return state({ symbol, title, text }, shell && command(here(shell)), action);
}

/** A command for the tenant that is looked at: without a key of its own it would meet the default one. */
function here(shell) {
  if (tenant() === "default" || !shell.startsWith("sereno send ")) return shell;
  const whose = mayChooseTenant() ? `--tenant ${tenant()} ` : "";
  return shell.replace("sereno send ", `sereno send ${whose}--key "$SERENO_API_KEY" `);
}

/** Bones of a text that is on its way. */
export function bones(count = 6) {
  const widths = [62, 88, 74, 45, 81, 56];
  return h("div", { class: "stack-small", "aria-busy": "true" },
    h("span", { class: "unseen" }, t("common.loading")),
    Array.from({ length: count }, (_, index) =>
      h("span", { class: "bone", vars: { "--bone": `${widths[index % widths.length]}%` } })));
}

/**
 * Fills a box by what a promise brings: bones until then, an error with another try otherwise.
 * @param {HTMLElement} box @param {() => Promise<any>} bring @param {(value: any) => any} show
 */
export async function fillWith(box, bring, show) {
  // What stands there already stays until there is something newer.
  if (box.childElementCount === 0 || box.dataset.state !== "shown") box.replaceChildren(bones());
  try {
    const made = await show(await bring());
    box.dataset.state = "shown";
    box.replaceChildren(...[made].flat(Infinity).filter(Boolean));
  } catch (error) {
    if (/** @type {any} */ (error)?.name === "AbortError") return;
    if (/** @type {any} */ (error)?.status === undefined) console.error(error);
    box.dataset.state = "failed";
    box.replaceChildren(failed(error, () => fillWith(box, bring, show)));
  }
}
