// @ts-check
// The causes for which deliveries were given up, the most frequent first, each with what can be
// done to all of it at once. Where its endpoints work again, it says so: that is the time to retry.

import { get } from "../../lib/api.js";
import { causeName } from "../../lib/causes.js";
import { endpoints, nameOf } from "../../lib/endpoints.js";
import { h, put } from "../../lib/dom.js";
import { icon } from "../../lib/icons.js";
import { number, t, word } from "../../lib/i18n.js";
import { withChanges } from "../../lib/router.js";
import { may } from "../../lib/session.js";
import { time } from "../../lib/time.js";
import { button } from "../../parts/bits.js";
import { bulk } from "../../parts/job.js";
import { bones, failed } from "../../parts/states.js";
import { isKnown, knownBy, knownButton } from "./known.js";

const PATH = "/api/v1/dead-letters";

/** @param {any} view @param {() => void} done */
export function causes(view, done) {
  const element = h("section", { class: "causes", "aria-label": t("letters.causes") });
  async function look() {
    try {
      const [{ items }, all] = await Promise.all([
        get(PATH, { group: "cause" }, view.signal), endpoints(),
      ]);
      put(element, items.length > 0 && h("div", { class: "cards" },
        items.map((cause) => card(cause, all, done))));
    } catch (error) {
      if (/** @type {any} */ (error).name !== "AbortError") put(element, failed(error, look));
    }
  }
  put(element, bones(3));
  look();
  return { element, look };
}

function card(cause, all, done) {
  const known = cause.endpoints.map(({ endpoint_id: id, count }) => ({
    count, endpoint: all.find((one) => one.id === id), id,
  }));
  const isMended = known.length > 0 && known.every(({ endpoint }) =>
    endpoint?.enabled && endpoint.health === "healthy");
  const body = { cause: cause.cause, fault: cause.fault };
  const names = known.slice(0, 3).map(({ endpoint, id, count }) =>
    `${id === 0 ? t("common.customers") : endpoint ? nameOf(endpoint) : `#${id}`} (${number(count)})`);
  return h("article", { class: "card cause" },
    h("div", { class: "row" },
      h("span", { class: "cause-count" }, number(cause.count)),
      h("div", { class: "grow" },
        h("h2", null, h("a", { class: "row-link", href: withChanges({ ...body, open: null }) },
          causeName(cause.cause))),
        h("p", { class: "quiet" }, word(`common.fault.${cause.fault}`)))),
    h("p", { class: "quiet" }, names.join(", "), known.length > 3 && " …"),
    h("p", { class: "quiet" }, t("letters.newest"), " ", time(cause.newest_at), " · ",
      t("letters.oldest"), " ", time(cause.oldest_at)),
    isMended && h("p", { class: "mended" }, icon("check"), t("letters.mended")),
    isKnown(cause) && h("p", { class: "quiet" }, knownBy(cause.acknowledged)),
    may("operator") && h("div", { class: "row" },
      button(t("letters.retry"), () => many("retry", body, done),
        { symbol: "retry", kind: isMended ? "small main" : "small" }),
      button(t("letters.discard"), () => many("discard", body, done),
        { symbol: "trash", kind: "small plain" }),
      knownButton(cause, done)));
}

/** All that a filter chooses, tried again or discarded. @param {"retry"|"discard"} what */
export function many(what, body, done) {
  bulk({
    path: `${PATH}/${what}`, body, done, danger: what === "discard",
    title: t(`letters.${what}_many`), yes: t(`letters.${what}_yes`),
    text: (count) => t(`letters.${what}_ask`, { count }),
  });
}
