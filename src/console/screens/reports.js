// @ts-check
// Reports: what came of a week, day by day and beside the one before, and the figures of the last
// minutes, hours and day.

import { h, put } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { onQuery, withChanges } from "../lib/router.js";
import { head } from "../parts/page.js";
import { tabs } from "../parts/tabs.js";
import { live } from "./reports/live.js";
import { week } from "./reports/week.js";

/** @param {any} view */
function show(view) {
  view.title(t("common.screen.reports"));
  const choice = h("div");
  const box = h("div");
  let leaving = new AbortController();
  view.signal.addEventListener("abort", () => leaving.abort());
  const face = (query) => {
    const isLive = query.get("view") === "live";
    leaving.abort();
    leaving = new AbortController();
    put(choice, tabs(t("reports.view"), [
      {
        text: t("reports.view_week"), symbol: "calendar", isHere: !isLive,
        href: withChanges({ view: null, window: null }),
      },
      {
        text: t("reports.view_live"), symbol: "reports", isHere: isLive,
        href: withChanges({ view: "live", window: null }),
      },
    ]));
    (isLive ? live : week)(box, query, leaving.signal);
  };
  onQuery(face);
  face(view.query);
  return [head({ title: t("common.screen.reports"), lead: t("reports.lead"), actions: choice }),
    box];
}

export default { words: ["reports"], show };
