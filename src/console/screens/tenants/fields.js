// @ts-check
// The settings as a form: sections with their fields, and how each is written for people and for
// the API. Names of fields are paths into the settings, so that what the server says of one stands
// beside it.

const WEEK = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/**
 * `kind`: text, duration, number, choice, flag, list, hours, holidays, secret, template.
 * @typedef {{path: string, kind: string, choices?: string[], example?: string,
 *   wide?: boolean, words?: string}} Setting
 * `removes`: what is taken away as a whole.
 * @typedef {{name: string, symbol: string, removes?: string, settings: Setting[]}} Section
 */

const text = (path, example) => ({ path, kind: "text", example });
const duration = (path, example) => ({ path, kind: "duration", example });
const number = (path, example) => ({ path, kind: "number", example });
const secret = (path) => ({ path, kind: "secret" });

/** @type {Section[]} */
export const SECTIONS = [
  {
    name: "place", symbol: "place", settings: [
      text("timezone", "Europe/Madrid"),
      { path: "locale", kind: "choice", choices: ["es", "en", "pt"], words: "common.language_" },
      ...DAYS.map((day) => ({ path: `business_hours.${day}`, kind: "hours",
        example: "12:00-16:00, 20:00-24:00" })),
      { path: "holidays", kind: "holidays", example: "2026-12-25 Navidad", wide: true },
    ],
  },
  {
    name: "bookings", symbol: "reservations", settings: [
      { path: "reminders", kind: "list", example: "24h, 2h" }, duration("no_show_after", "15m"),
    ],
  },
  {
    name: "handoffs", symbol: "handoffs", settings: [
      duration("sla_after", "5m"), number("sla_cluster.count", "5"),
      duration("sla_cluster.window", "15m"),
    ],
  },
  {
    name: "talk", symbol: "conversations", settings: [
      duration("conversations.idle_after", "30m"), duration("conversations.hold_for", "24h"),
      number("commerce.low_stock_below", "5"),
      duration("commerce.interest", "30d"), text("quiet_hours.from", "22:00"),
      text("quiet_hours.to", "09:00"),
      { path: "opt_out", kind: "list", example: "BASTA, NO MÁS", wide: true },
      { path: "wa_number_hash", kind: "choice", choices: ["plain", "keyed"],
        words: "tenants.hash_" },
    ],
  },
  {
    name: "whatsapp", symbol: "whatsapp", removes: "whatsapp", settings: [
      text("whatsapp.phone_number_id", "555000111"), secret("whatsapp.access_token"),
      secret("whatsapp.app_secret"),
      secret("whatsapp.verify_token"), number("whatsapp.messages_per_second", "80"),
      ...["reminder", "thanks", "cancelled", "notice", "offer", "stock"].map((name) =>
        ({ path: `whatsapp.templates.${name}`, kind: "template", example: "booking_reminder es" })),
    ],
  },
  {
    name: "mail", symbol: "email", removes: "smtp", settings: [
      text("smtp.host", "smtp.example.com"), number("smtp.port", "587"),
      { path: "smtp.security", kind: "choice", choices: ["auto", "starttls", "tls", "none"],
        words: "tenants.security_" },
      text("smtp.user"), secret("smtp.password"), text("smtp.from", "hola@trattoria.example"),
      text("smtp.from_name", "La Trattoria"),
    ],
  },
  {
    name: "deliveries", symbol: "deliveries", settings: [
      { path: "retry.preset", kind: "choice", choices: ["", "standard", "e05", "exponential"],
        words: "tenants.retry_" },
      duration("retry.first", "1s"), number("retry.factor", "2"), duration("retry.longest", "30s"),
      number("retry.attempts", "10"), duration("timeout", "10s"), duration("disable_after", "5d"),
      duration("secret_max_age", "90d"),
    ],
  },
  {
    name: "channels", symbol: "pause", settings:
      ["webhook", "slack", "email", "whatsapp"].map((name) =>
        ({ path: `channels.${name}.paused`, kind: "flag" })),
  },
  {
    name: "letters", symbol: "dead", settings: [
      number("dead_letters.alert_count", "10"), duration("dead_letters.alert_age", "24h"),
      duration("dead_letters.keep", "7d"),
    ],
  },
  {
    name: "limits", symbol: "pause", settings: [
      number("limits.deliveries_per_minute", "1000"), number("limits.events_per_minute", "0"),
      number("limits.inbound_per_minute", "300000"), number("limits.inbound_burst", "10000"),
      number("limits.inbound_refused_per_minute", "50"),
    ],
  },
  {
    name: "retention", symbol: "stack", settings: [
      duration("retention.events", "90d"), duration("retention.attempts", "30d"),
      duration("retention.inbound", ""),
      { path: "catalogue.enforce", kind: "choice", choices: ["off", "known", "schema"],
        words: "tenants.enforce_" },
    ],
  },
  {
    name: "report", symbol: "reports", settings: [
      { path: "reports.weekly.enabled", kind: "flag" },
      { path: "reports.weekly.to", kind: "list", example: "gerencia@trattoria.example",
        wide: true },
      { path: "reports.weekly.day", kind: "choice", choices: WEEK, words: "tenants.day_" },
      text("reports.weekly.at", "09:00"),
    ],
  },
  {
    name: "portal", symbol: "portal", settings: [
      { path: "embedding", kind: "list", example: "https://partner.example", wide: true },
    ],
  },
];

/** Settings that have a place of their own, beside those in the sections. */
export const ELSEWHERE = ["templates", "sources", "secrets"];

/** What stands at a path. */
export function at(settings, path) {
  return path.split(".").reduce((value, name) => value?.[name], settings);
}

/** A value as the field shows it. @param {Setting} setting */
export function shown({ kind }, value) {
  if (value === null || value === undefined || kind === "secret") return "";
  if (kind === "list") return value.join(", ");
  if (kind === "hours") return value.map((span) => span.join("-")).join(", ");
  if (kind === "template") return `${value.name} ${value.language}`;
  if (kind !== "holidays") return String(value);
  return value.map((day) =>
    (typeof day === "string" ? day : `${day.date} ${day.name ?? ""}`.trim())).join("\n");
}

/**
 * What was written in a field as the API takes it; what was emptied is null, which brings the
 * default back.
 */
export function written({ kind }, value) {
  const said = value.trim();
  if (said === "") return null;
  if (kind === "flag") return said === "true";
  if (kind === "number") return Number.isNaN(Number(said)) ? said : Number(said);
  if (kind === "list") return said.split(/[,\n]+/).map((one) => one.trim()).filter(Boolean);
  if (kind === "hours") return said.split(/[,;]+/).map((span) => span.trim().split(/\s*[-–]\s*/));
  if (kind === "template") {
    const [name, language] = said.split(/[\s:/]+/);
    return { name, ...(language ? { language } : {}) };
  }
  if (kind !== "holidays") return said;
  return said.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => {
    const [date, ...name] = line.split(/\s+/);
    return name.length > 0 ? { date, name: name.join(" ") } : date;
  });
}

/** Puts a value at a path, with what is between. */
export function place(target, path, value) {
  const names = path.split(".");
  const last = /** @type {string} */ (names.pop());
  let here = target;
  for (const name of names) here = here[name] ??= {};
  here[last] = value;
}
