// @ts-check
// A handoff is put off for a while, or until a moment: it comes back by itself, and its clock goes on meanwhile.

import { post } from "../../lib/api.js";
import { t } from "../../lib/i18n.js";
import { span } from "../../lib/time.js";
import { askFor } from "../../parts/asking.js";
import { localInput } from "../../parts/filters.js";
import { field } from "../../parts/form.js";
import { notice, refused } from "../../parts/notice.js";

const SPANS = ["15m", "30m", "1h", "4h", "24h", "72h"];
const OTHER = "other";
const HOUR_MS = 3_600_000;

/** @param {string} path @param {() => void} done */
export function snooze(path, done) {
  ask(async (asked) => {
    await post(`${path}/actions`, { action: "snooze", ...asked });
    return () => {
      notice(t("handoffs.done_snooze"), "good");
      done();
    };
  });
}

/** Asks for how long, and goes on with that. @param {(asked: Record<string, string>) => void} next */
export function snoozeSeveral(next) {
  ask(async (asked) => () => next(asked));
}

/** @param {string} path @param {() => void} done */
export async function unsnooze(path, done) {
  try {
    await post(`${path}/actions`, { action: "unsnooze" });
    notice(t("handoffs.done_unsnooze"), "good");
    done();
  } catch (error) {
    refused(error);
  }
}

/** @param {(asked: Record<string, string>) => Promise<() => void>} act */
function ask(act) {
  const until = field({
    name: "until", label: t("handoffs.snooze_until"), type: "date", step: 60,
    value: localInput(new Date(Date.now() + HOUR_MS)).slice(0, 16),
  });
  until.hidden = true;
  const choice = field({
    name: "for", label: t("handoffs.snooze_for"), hint: t("handoffs.snooze_hint"), type: "select",
    choices: [...SPANS.map((one) => /** @type {[string, string]} */ ([one, span(one)])),
      [OTHER, t("handoffs.snooze_other")]],
    onchange: (event) => (until.hidden = event.target.value !== OTHER),
  });
  askFor({
    title: t("handoffs.snooze"), fields: [choice, until],
    act: ({ for: chosen = "", until: at = "" }) => {
      if (chosen !== OTHER) return act({ for: chosen });
      const moment = new Date(at);
      return act({ until: Number.isNaN(moment.getTime()) ? "" : moment.toISOString() });
    },
  });
}
