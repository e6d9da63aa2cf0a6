// @ts-check
// What a person does to a booking. What the guest hears of is asked for first; a new slot has its
// form.

import { post } from "../../lib/api.js";
import { t } from "../../lib/i18n.js";
import { ask, openDialog } from "../../parts/dialog.js";
import { field, makeForm } from "../../parts/form.js";
import { notice, refused } from "../../parts/notice.js";

/** Actions that are asked for before they are done. */
const ASKED = ["cancel", "no_show"];

/** @param {string} action @param {any} found @param {string} path @param {() => void} done */
export async function act(action, found, path, done) {
  if (action === "reschedule") return reschedule(found, path, done);
  const name = [found.name, found.reservation_id].filter(Boolean).join(" · ");
  const sure = !ASKED.includes(action) || await ask({
    title: t(`reservations.do_${action}`), text: t(`reservations.ask_${action}`, { name }),
    yes: t(`reservations.do_${action}`), danger: true,
  });
  if (sure) await send(action, {}, path, done).catch(refused);
}

async function send(action, more, path, done) {
  await post(`${path}/actions`, { action, ...more });
  notice(t(`reservations.done_${action}`), "good");
  done();
}

function reschedule(found, path, done) {
  const dialog = openDialog({ title: t("reservations.do_reschedule"), body: null });
  dialog.show(makeForm({
    fields: [
      field({
        name: "date_time", label: t("reservations.new_slot"), type: "date", required: true,
        hint: t("reservations.new_slot_hint", { zone: found.timeZone }),
        value: found.local_time.slice(0, 16),
      }),
      field({
        name: "party_size", label: t("reservations.party"), type: "number", min: 1, max: 10_000,
        value: found.party_size ?? "",
      }),
      field({ name: "notes", label: t("reservations.notes"), value: found.notes ?? "",
        maxlength: 1_000 }),
    ],
    yes: t("reservations.do_reschedule"), cancel: dialog.close,
    submit: async (said) => {
      // Without seconds it is a local time of the tenant's zone, as the field shows it.
      const slot = said.date_time?.length === 16 ? `${said.date_time}:00` : said.date_time ?? "";
      const body = { date_time: slot };
      if (said.party_size
        && Number(said.party_size) !== found.party_size) body.party_size = Number(said.party_size);
      if (said.notes && said.notes !== found.notes) body.notes = said.notes;
      await send("reschedule", body, path, done);
      dialog.close();
    },
  }));
}
