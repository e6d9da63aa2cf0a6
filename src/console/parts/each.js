// @ts-check
// One deed done to several, one after the other, by this page: counted and asked for first, then
// with how far it is. What the server refuses is told by name, and the rest goes on.

import { h, put } from "../lib/dom.js";
import { get } from "../lib/api.js";
import { number, t } from "../lib/i18n.js";
import { refusal } from "../lib/refusals.js";
import { button, hint, pill } from "./bits.js";
import { decision, openDialog } from "./dialog.js";
import { reasonField } from "./reason.js";
import { bones, failed } from "./states.js";

/** So many names stand in the question, and so many refusals in the outcome. */
const NAMED_MAX = 5;
const REFUSED_MAX = 20;

/**
 * @param {{title: string, text: string, yes: string, danger?: boolean, items: any[], left: number,
 *   name: (item: any) => string, act: (item: any, said: any) => Promise<any>,
 *   done: () => void, why?: boolean}} work
 *   `left`: how many more were chosen to which it cannot be done as they stand
 *   `why`: whether it takes a reason, which `act` is given as a part of its body
 */
export function oneByOne({
  title, text, yes, danger = false, items, left, name, act, done, why = false,
}) {
  const stopping = new AbortController();
  let isUnderWay = false;
  const dialog = openDialog({ title, body: null, closed: () => stopping.abort() });
  const close = (kind = "") => button(t("common.close"), dialog.close, { kind });
  const others = left > 0 && h("p", { class: "quiet" }, t("common.each_left", { count: left }));
  if (items.length === 0) {
    return dialog.show([hint(t("common.bulk_none")), others], close());
  }
  const reason = reasonField();
  const { foot, focus } = decision({ yes, danger }, dialog.close, run);
  dialog.show([h("p", null, text), named(items.map(name)), others,
    h("p", { class: "quiet" }, t("common.each_how")), why && reason.element],
  foot);
  focus();

  async function run() {
    if (isUnderWay) return;
    isUnderWay = true;
    const refused = [];
    const shown = progress(title, items.length);
    let count = 0;
    dialog.show(shown.element,
      button(t("common.each_stop"), () => stopping.abort(), { kind: "danger" }));
    for (const item of items) {
      if (stopping.signal.aborted) break;
      try {
        await act(item, why ? reason.said() : {});
      } catch (error) {
        refused.push([name(item), refusal(error).text]);
      }
      count += 1;
      shown.update("running", count, refused);
    }
    const state = count < items.length ? "cancelled" : refused.length === 0 ? "done"
      : refused.length === items.length ? "failed" : "partly";
    shown.update(state, count, refused);
    dialog.show(shown.element, close("main"));
    done();
  }
}

/** So many are gathered for one question, a page at a time. */
const GATHERED_MAX = 1_000;
const PAGE = 100;

/**
 * The same for all that a list's filters choose, for which no job can be asked by each of them: what
 * was counted is gathered, so that it alone is done.
 * @param {{path: string, query: Record<string, any>, title: string, yes: string,
 *   text: (count: number) => string, name: (item: any) => string,
 *   act: (item: any, said: any) => Promise<any>, done: () => void, danger?: boolean,
 *   fits?: (item: any) => boolean}} work
 */
export async function eachThatFits({ path, query, text, fits = () => true, ...work }) {
  const leaving = new AbortController();
  const dialog = openDialog({ title: work.title, body: bones(3), closed: () => leaving.abort() });
  try {
    const items = [];
    let cursor = null;
    do {
      const page = await get(path, { ...query, limit: PAGE, cursor }, leaving.signal);
      items.push(...page.items.filter(fits));
      cursor = page.next_cursor;
    } while (cursor !== null && items.length < GATHERED_MAX);
    dialog.close();
    const isAll = cursor === null;
    oneByOne({ ...work, items, left: 0, why: true,
      text: isAll ? text(items.length) : `${text(items.length)} ${t("common.each_first")}` });
  } catch (error) {
    if (leaving.signal.aborted) return;
    dialog.show(failed(error, () => {
      dialog.close();
      eachThatFits({ path, query, text, fits, ...work });
    }), null);
  }
}

/** The first of the names, and how many more there are. */
function named(names) {
  const rest = names.length - NAMED_MAX;
  return h("ul", { class: "mini-list" },
    names.slice(0, NAMED_MAX).map((text) => h("li", null, text)),
    rest > 0 && h("li", { class: "quiet" }, t("common.each_more", { count: rest })));
}

/** How far it is, and whom the server refused. */
function progress(title, total) {
  const state = h("span");
  const bar = h("div", {
    class: "progress", role: "progressbar", "aria-label": t("common.job_progress"),
    "aria-valuemin": 0, "aria-valuemax": 100,
  }, h("span"));
  const counts = h("p", { class: "quiet", role: "status" });
  const list = h("ul", { class: "mini-list" });
  const element = h("div", { class: "stack-small" },
    h("div", { class: "row" }, state, h("span", { class: "strong" }, title)), bar, counts, list);
  function update(now, count, refused) {
    const share = count / total;
    put(state, pill(now));
    bar.setAttribute("aria-valuenow", String(Math.round(share * 100)));
    bar.style.setProperty("--share", String(share));
    put(counts, t("common.each_counts", {
      done: number(count - refused.length), total: number(total), refused: number(refused.length),
    }));
    list.hidden = refused.length === 0;
    put(list, refused.slice(0, REFUSED_MAX).map(([who, why]) => h("li", null,
      h("span", { class: "strong" }, who), h("span", { class: "grow quiet" }, why))));
  }
  update("running", 0, []);
  return { element, update };
}
