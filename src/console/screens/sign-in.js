// @ts-check
// Signing in by an API key. The key goes to the server once and is kept nowhere in the browser.

import { h } from "../lib/dom.js";
import { post } from "../lib/api.js";
import { icon } from "../lib/icons.js";
import { LANGUAGES, language, speak, t } from "../lib/i18n.js";
import { button, hint } from "../parts/bits.js";
import { field, makeForm } from "../parts/form.js";

/**
 * @param {(session: any) => void} entered
 * @param {string|null} [problem] what was wrong with the link that led here
 */
export function signIn(entered, problem = null) {
  const languages = LANGUAGES.map((name) => button(t(`common.language_${name}`), () => speak(name),
    { kind: "plain small", lang: name, "aria-pressed": String(name === language()) }));
  return h("main", { class: "sign" }, h("div", { class: "sign-card stack" },
    h("div", { class: "brand" }, icon("lantern"), "Sereno"),
    h("h1", null, t("common.sign_lead")),
    problem && hint(problem, "bad", "failed"), keyForm(entered),
    h("div", { class: "sign-foot" }, languages)));
}

/** The field for the key. @param {(session: any) => void} entered */
export function keyForm(entered) {
  return makeForm({
    fields: field({
      name: "key", label: t("common.key_label"), hint: t("common.key_hint"), type: "password",
      placeholder: "sk_… / admin_…", required: true, autocomplete: "current-password",
    }),
    yes: t("common.enter"),
    submit: async ({ key }) => {
      const { session } = await post("/api/v1/session", { key: key ?? "" });
      entered(session);
    },
  });
}
