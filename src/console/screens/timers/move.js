// @ts-check
// Moving a timer: a booking's reminder or its no-show, or the end of a handoff's being put off, to a moment that is
// asked for in a dialog. Every other kind follows from something else, and is not offered.

import { post } from "../../lib/api.js";
import { t } from "../../lib/i18n.js";
import { openDialog } from "../../parts/dialog.js";
import { localInput } from "../../parts/filters.js";
import { field, makeForm } from "../../parts/form.js";

/** Whether the rules leave its moment to a person. */
export function mayMove({ entity, kind }) {
  if (entity === "handoff") return kind === "snooze";
  return entity === "reservation" && (kind === "no_show" || kind.startsWith("reminder."));
}

/** @param {any} timer @param {(moved: {id: string}) => void} done */
export function move(timer, done) {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const dialog = openDialog({
    title: t("timers.move"),
    body: makeForm({
      fields: field({
        name: "due_at", label: t("timers.move_to"), hint: t("timers.move_hint", { zone: timeZone }),
        type: "date", value: localInput(timer.due_at), step: 1, required: true,
      }),
      yes: t("timers.move"),
      cancel: () => dialog.close(),
      submit: async ({ due_at: at }) => {
        const moment = new Date(at ?? NaN);
        const due = Number.isNaN(moment.getTime()) ? "" : moment.toISOString();
        const path = `/api/v1/timers/${encodeURIComponent(timer.id)}/reschedule`;
        const moved = /** @type {any} */ (await post(path, { due_at: due }));
        dialog.close();
        done(moved);
      },
    }),
  });
  dialog.element.querySelector("input")?.focus();
}
