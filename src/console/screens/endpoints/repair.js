// @ts-check
// After an outage: what an endpoint missed is sent again. And a new secret, with the old one for a
// while.

import { post } from "../../lib/api.js";
import { t } from "../../lib/i18n.js";
import { hint } from "../../parts/bits.js";
import { openDialog } from "../../parts/dialog.js";
import { field, makeForm } from "../../parts/form.js";
import { localInput } from "../../parts/filters.js";
import { bulk } from "../../parts/job.js";
import { showSecret } from "./secret.js";

const PATH = "/api/v1/admin/notify/endpoints";

/** @param {any} endpoint @param {() => void} done */
export function recover(endpoint, done) {
  const begin = endpoint.failing_since ?? new Date(Date.now() - 86_400_000).toISOString();
  const dialog = openDialog({ title: t("endpoints.recover"), body: null });
  dialog.show([hint(t("endpoints.recover_text")), makeForm({
    fields: field({
      name: "since", label: t("endpoints.recover_since"), type: "date", value: localInput(begin),
        step: 1,
    }),
    yes: t("endpoints.recover_count"), cancel: dialog.close,
    submit: async ({ since }) => {
      dialog.close();
      bulk({
        path: `${PATH}/${endpoint.id}/recover`, title: t("endpoints.recover"), done, bound: "until",
        body: { since: new Date(since ?? begin).toISOString() }, yes: t("endpoints.recover_yes"),
        text: (count) => t("endpoints.recover_ask", { count }),
      });
    },
  })]);
}

/** @param {any} endpoint @param {() => void} done */
export function rotate(endpoint, done) {
  const dialog = openDialog({ title: t("endpoints.rotate"), body: null });
  const overlaps = ["24h", "1h", "7d", "0s"].map((name) => [name, t(`endpoints.overlap_${name}`)]);
  dialog.show([hint(t("endpoints.rotate_text"), "", "keys"), makeForm({
    fields: [
      field({
        name: "overlap", label: t("endpoints.overlap"), type: "select",
        choices: /** @type {any} */ (overlaps), value: "24h",
      }),
      field({
        name: "secret", label: t("endpoints.secret"), hint: t("endpoints.secret_hint"),
          type: "password",
      }),
    ],
    yes: t("endpoints.rotate_yes"), cancel: dialog.close,
    submit: async ({ overlap, secret }) => {
      const body = secret ? { overlap, secret } : { overlap };
      const answer = await post(`${PATH}/${endpoint.id}/rotate-secret`, body);
      dialog.close();
      if (answer.secret) await showSecret(answer.secret, t("endpoints.secret_new"));
      done();
    },
  })]);
}
