// @ts-check
// The endpoints by their numbers, so that lists can name whom a delivery is for.

import { get } from "./api.js";
import { t, word } from "./i18n.js";

/** How long a list is believed. */
const FRESH_MS = 20_000;

/** @type {{at: number, all: Promise<any[]>}|null} */
let known = null;

/** All endpoints (the first 500). */
export function endpoints() {
  if (known === null || Date.now() - known.at > FRESH_MS) {
    const asked = get("/api/v1/admin/notify/endpoints", { limit: 500 });
    known = { at: Date.now(), all: asked.then(({ items }) => items, () => []) };
  }
  return known.all;
}

/** They have changed: the next look asks anew. */
export function forgetEndpoints() {
  known = null;
}

/** Their numbers and names, for a choice. @returns {Promise<[string, string][]>} */
export async function endpointChoices() {
  return (await endpoints()).map((one) => [String(one.id), nameOf(one)]);
}

/** A name that people recognise: the host of an address, the mailbox, the number. */
export function nameOf(endpoint) {
  const { kind, target, id } = endpoint;
  if (kind === "email" || kind === "whatsapp") return target;
  try {
    const { host, pathname } = new URL(target);
    // What is hidden of an address stands there as bullets, which URL writes out.
    const path = pathname === "/" ? "" : pathname.replaceAll("%E2%80%A2", "•");
    return kind === "slack" ? `${word("common.channel.slack")} · ${host}` : host + path;
  } catch {
    return `#${id}`;
  }
}

/**
 * The names by their numbers: empty at first, and `ready` when they are known, so that a list can
 * be fetched meanwhile.
 * @returns {{names: Map<number, string>, ready: Promise<void>}}
 */
export function endpointNames() {
  const names = new Map();
  const ready = endpoints().then((all) => all.forEach((one) => names.set(one.id, nameOf(one))));
  return { names, ready };
}

/** The name of an endpoint by its number. */
export async function endpointName(id) {
  if (id === 0) return t("common.customers");
  const found = (await endpoints()).find((one) => one.id === id);
  return found ? nameOf(found) : t("common.deleted_endpoint", { id: `#${id}` });
}
