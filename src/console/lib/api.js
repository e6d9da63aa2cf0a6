// @ts-check
// Calls of the public API: with the session's cookie, its guard against forgery, the tenant and the
// reader's language; what goes wrong comes as a `Refusal` that says what the server said.

import { language, t } from "./i18n.js";
import { current, mayChooseTenant, tenant } from "./session.js";
import { duration } from "./time.js";

/** What a server refused, or 0 where it did not answer. */
export class Refusal extends Error {
  /** @param {number} status @param {string} detail @param {any} [problem] */
  constructor(status, detail, problem = {}) {
    super(detail);
    this.status = status;
    /** The field that does not fit, by its path. */
    this.field = problem.field ?? null;
    this.retryAfter = problem.retryAfter ?? null;
  }
}

/**
 * How long an answer may take: a list is asked for again, what changes something may have to wait for
 * others, such as a receiver that is tried out.
 */
const READ_MS = 15_000;
const WRITE_MS = 60_000;
/** The server tells its time to the second: by less than this its clock is taken to be ours. */
const SKEW_MS = 2_000;

/** @type {() => void} */
let signedOut = () => {};

/** By how much the server's clock is ahead of this machine's. */
let ahead = 0;

/** The moment on the server's clock. */
export const serverNow = () => Date.now() + ahead;

/** What is done when the session has ended. */
export function onSignedOut(action) {
  signedOut = action;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{query?: Record<string, any>, body?: any, signal?: AbortSignal,
 *   tenant?: string, once?: string}} [options]
 *   `tenant`: another than the one that is looked at; `once`: the key by which it is carried out once
 */
export async function call(method, path, { query, body, signal, tenant: of, once } = {}) {
  const headers = { accept: "application/json", "accept-language": language(), ...place(of) };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (method !== "GET") headers["x-csrf-token"] = current()?.csrf ?? "";
  if (once !== undefined) headers["idempotency-key"] = once;
  const text = body === undefined ? undefined : JSON.stringify(body);
  const patience = method === "GET" ? READ_MS : WRITE_MS;
  const late = AbortSignal.timeout(patience);
  const either = signal ? AbortSignal.any([signal, late]) : late;
  try {
    const address = withQuery(path, query);
    const credentials = "same-origin";
    const response = await fetch(address,
      { method, headers, body: text, signal: either, credentials });
    return answer(response, await response.text(), path);
  } catch (error) {
    if (signal?.aborted || error instanceof Refusal) throw error;
    if (!late.aborted) throw new Refusal(0, t("common.no_answer"));
    const kind = method === "GET" ? "common.answer_late" : "common.answer_late_write";
    throw new Refusal(0, t(kind, { time: duration(patience) }));
  }
}

function answer(response, text, path) {
  const skew = Date.parse(response.headers.get("date") ?? "") - Date.now();
  ahead = Math.abs(skew) > SKEW_MS ? skew : 0;
  let value = {};
  try {
    value = text === "" ? {} : JSON.parse(text);
  } catch {
    value = { detail: text.slice(0, 200) };
  }
  if (response.ok) return value;
  if (response.status === 401 && path !== "/api/v1/session") signedOut();
  const retryAfter = response.headers.get("retry-after");
  const detail = value.detail ?? response.statusText;
  throw new Refusal(response.status, detail, { field: value.field, retryAfter });
}

/** The tenant, where the session leaves the choice. */
function place(of = tenant()) {
  return mayChooseTenant() ? { "x-tenant": of } : {};
}

/**
 * What comes from the server by another way than a call, such as a screen's module, within the time that a
 * call has. What is late may still come: whoever asks again then has it at once.
 * @template T @param {Promise<T>} coming @returns {Promise<T>}
 */
export function inTime(coming) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Refusal(0,
      t("common.answer_late", { time: duration(READ_MS) }))), READ_MS);
    coming.then(resolve, reject).finally(() => clearTimeout(late));
  });
}

/** A path with those values of a query that say something. */
export function withQuery(path, query = {}) {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") said.set(name, String(value));
  }
  return said.size > 0 ? `${path}?${said}` : path;
}

/** @param {string} path @param {Record<string, any>} [query] @param {AbortSignal} [signal] */
export const get = (path, query, signal) => call("GET", path, { query, signal });
/** @param {string} path @param {any} [body] */
export const post = (path, body = {}) => call("POST", path, { body });
/** A key for what is to be carried out once, however often it is sent. */
export const newKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
/** @param {string} path @param {any} body @param {string} key */
export const postOnce = (path, body, key) => call("POST", path, { body, once: key });
/** @param {string} path @param {any} body */
export const patch = (path, body) => call("PATCH", path, { body });
/** @param {string} path @param {any} body */
export const replace = (path, body) => call("PUT", path, { body });
/** @param {string} path @param {any} [body] */
export const remove = (path, body) => call("DELETE", path, { body });

/**
 * The same call for a shell. The key is named, never shown.
 * @param {string} method @param {string} path
 * @param {{query?: Record<string, any>, body?: any}} [what]
 */
export function asCurl(method, path, { query, body } = {}) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const lines = [`curl -X ${method} ${quoted(location.origin + withQuery(path, query))}`];
  lines.push('-H "Authorization: Bearer $SERENO_API_KEY"');
  if (mayChooseTenant()) lines.push(`-H ${quoted(`X-Tenant: ${tenant()}`)}`);
  if (body !== undefined) {
    lines.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`);
  }
  return lines.join(" \\\n  ").replace("curl -X GET ", "curl ");
}
