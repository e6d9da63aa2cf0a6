// @ts-check
// Registering an endpoint, or changing one: fields for its kind, the rarer ones folded away.

import { get, patch, post } from "../../lib/api.js";
import { forgetEndpoints } from "../../lib/endpoints.js";
import { h } from "../../lib/dom.js";
import { icon } from "../../lib/icons.js";
import { current } from "../../lib/session.js";
import { t, word } from "../../lib/i18n.js";
import { openDialog } from "../../parts/dialog.js";
import { field, makeForm } from "../../parts/form.js";
import { notice, refused } from "../../parts/notice.js";
import { showSecret } from "./secret.js";

const PATH = "/api/v1/admin/notify/endpoints";
/** The kinds of endpoint that can be registered. */
export const KINDS = ["webhook", "slack", "email", "whatsapp"];

/** @param {(id: number) => void} done */
export function register(done) {
  const dialog = openDialog({ title: t("endpoints.register"), body: null });
  const kinds = h("fieldset", { class: "kinds" },
    h("legend", { class: "unseen" }, t("endpoints.kind")),
    KINDS.map((kind) => h("label", { class: "kind" },
      h("input", { type: "radio", name: "kind", value: kind, checked: kind === "webhook" }),
      h("span", null, icon(kind), word(`common.channel.${kind}`)))));
  const rest = h("div", { class: "stack" });
  const fill = (kind) => rest.replaceChildren(...fields(kind, {}));
  kinds.addEventListener("change", (event) => fill(event.target.value));
  fill("webhook");
  dialog.show(makeForm({
    fields: [kinds, rest], yes: t("endpoints.register_yes"), cancel: dialog.close,
    submit: async ({ kind, ...said }) => {
      const made = await post(PATH, { kind, ...body(kind, said) });
      forgetEndpoints();
      dialog.close();
      notice(t("endpoints.registered"), "good");
      if (made.secret) await showSecret(made.secret, t("endpoints.secret_new"));
      done(made.id);
    },
  }));
}

/** @param {any} masked @param {() => void} done */
export async function change(masked, done) {
  const path = `${PATH}/${masked.id}`;
  // Mailboxes and numbers come masked, and cannot be sent back so.
  const isMasked = current()?.masked;
  const endpoint = isMasked ? await get(path, { reveal: true }).catch(refused) : masked;
  if (!endpoint) return;
  const dialog = openDialog({ title: t("endpoints.change"), body: null });
  dialog.show(makeForm({
    fields: fields(endpoint.kind, endpoint), yes: t("common.save"), cancel: dialog.close,
    submit: async (said) => {
      const changed = await patch(path, body(endpoint.kind, said, endpoint));
      forgetEndpoints();
      dialog.close();
      notice(t("endpoints.changed_done"), "good");
      if (changed.secret) await showSecret(changed.secret, t("endpoints.secret_new"));
      done();
    },
  }));
}

function fields(kind, now) {
  const suggestions = h("datalist", { id: "event-types" });
  get("/api/v1/event-types", { limit: 200 }).then(({ items }) => suggestions.replaceChildren(
    ...items.map((item) => h("option", { value: item.name ?? item.event_type }))), () => {});
  const placeholders = {
    webhook: "https://example.com/hook", slack: "https://hooks.slack.com/services/…",
    email: "sala@trattoria.example", whatsapp: "+34600111222",
  };
  const isNew = now.id === undefined;
  return [
    field({
      name: "target", label: t(`endpoints.target_${kind}`), value: now.target, wide: true,
      placeholder: placeholders[kind], required: true, type: kind === "email" ? "email" : "text",
    }),
    field({
      name: "filters.events", label: t("endpoints.events"), hint: t("endpoints.events_hint"),
        wide: true,
      value: now.filters?.events?.join(", "), placeholder: "reservation.*, sla.breached",
      list: "event-types",
    }), suggestions,
    kind === "webhook" && isNew && field({
      name: "secret", label: t("endpoints.secret"), hint: t("endpoints.secret_hint"),
        type: "password",
    }),
    h("details", null, h("summary", null, t("endpoints.further")),
      h("div", { class: "stack further" }, further(kind, now))),
  ].filter(Boolean);
}

function further(kind, now) {
  const presets = ["", "standard",
    "e05"].map((name) => [name, t(`endpoints.retry_${name || "default"}`)]);
  return [
    field({
      name: "filters.intents", label: t("endpoints.intents"), hint: t("endpoints.intents_hint"),
      value: now.filters?.intents?.join(", "),
    }),
    kind === "webhook" && [
      field({
        name: "signature", label: t("endpoints.signature"), type: "select", value: now.signature,
        choices: [["standard", "Standard Webhooks"], ["bird", "Bird"], ["ed25519", "ed25519"]],
      }),
      authFields(now),
      field({
        name: "headers", label: t("endpoints.headers"), hint: t("endpoints.headers_hint"),
          type: "area",
        value: Object.entries(now.headers ?? {}).map((pair) => pair.join(": ")).join("\n"),
        placeholder: "X-Store: centro",
      }),
    ],
    field({
      name: "retry.preset", label: t("endpoints.retry"), type: "select",
      choices: /** @type {any} */ (presets),
      value: now.retry?.preset ?? "",
    }),
    field({
      name: "rate_limit.per_minute", label: t("endpoints.rate"), type: "number", min: 1,
      value: now.rate_limit?.per_minute, hint: t("endpoints.rate_hint"),
    }),
    field({
      name: "batch.max", label: t("endpoints.batch"), type: "number", min: 2, max: 100,
      value: now.batch?.max, hint: t("endpoints.batch_hint"),
    }),
    field({ name: "timeout", label: t("endpoints.timeout"), value: now.timeout,
      placeholder: "10s" }),
    field({
      name: "disable_after", label: t("endpoints.disable_after"), value: now.disable_after,
      placeholder: "5d",
    }),
    field({
      name: "ordering", label: t("endpoints.ordering"), hint: t("endpoints.ordering_hint"),
        type: "check",
      value: now.ordering === "fifo",
    }),
  ];
}

/** How the receiver knows us: the fields of the way that is chosen. */
function authFields(now) {
  const ways = {
    basic: ["user", "password"], bearer: ["token"], header: ["name", "value"],
    oauth2: ["token_url", "client_id", "client_secret", "scope"],
  };
  const secret = ["password", "token", "value", "client_secret"];
  const choices = [["", t(now.auth ? "endpoints.auth_keep" : "common.none")],
    ...Object.keys(ways).map((way) => [way, t(`endpoints.auth_${way}`)])];
  const rest = h("div", { class: "stack" });
  const made = field({
    name: "auth.kind", label: t("endpoints.auth"), type: "select",
      choices: /** @type {any} */ (choices),
    hint: now.auth && t("endpoints.auth_now", { kind: t(`endpoints.auth_${now.auth}`) }),
  });
  made.querySelector("select").addEventListener("change", (event) => {
    rest.replaceChildren(...(ways[event.target.value] ?? []).map((name) => field({
      name: `auth.${name}`, label: t(`endpoints.auth_field_${name}`),
      type: secret.includes(name) ? "password" : "text",
    })));
  });
  return [made, rest];
}

/** What a form says, as the API takes it. What was emptied becomes null, which takes it back. */
function body(kind, said, now = null) {
  const list = (text) => text?.split(/[\s,]+/).filter(Boolean) ?? null;
  const whole = (text) => (text === undefined ? null : Number(text));
  const lines = (text) =>
    Object.fromEntries((text ?? "").split("\n").filter((line) => line.includes(":"))
    .map((line) => [line.slice(0, line.indexOf(":")).trim(),
      line.slice(line.indexOf(":") + 1).trim()]));
  const rate = whole(said["rate_limit.per_minute"]);
  const batch = whole(said["batch.max"]);
  const preset = said["retry.preset"];
  const made = {
    target: said.target ?? "",
    filters: { events: list(said["filters.events"]), intents: list(said["filters.intents"]) },
    rate_limit: rate === null ? null : { per_minute: rate },
    batch: batch === null ? null : { ...now?.batch, max: batch },
    timeout: said.timeout ?? null, disable_after: said.disable_after ?? null,
    ordering: said.ordering ? "fifo" : "none",
  };
  // A ladder of the endpoint's own is not one of the presets, and stays unless another is chosen.
  if (preset) made.retry = { preset };
  else if (!now?.retry || now.retry.preset) made.retry = null;
  if (kind === "webhook") {
    Object.assign(made, { headers: lines(said.headers), signature: said.signature ?? "standard" });
    if (said.secret) made.secret = said.secret;
    if (said["auth.kind"]) made.auth = auth(said);
  }
  return now === null ? withoutNulls(made) : made;
}

/** A new endpoint needs no nulls. */
function withoutNulls(made) {
  return Object.fromEntries(Object.entries(made).filter(([, value]) => value !== null));
}

function auth(said) {
  const parts = Object.entries(said).filter(([name]) => name.startsWith("auth."));
  return Object.fromEntries(parts.map(([name, value]) => [name.slice("auth.".length), value]));
}
