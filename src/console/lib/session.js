// @ts-check
// Who is signed in, what they may do, and which tenant they look at.

import { keep, keepHere, kept, keptHere } from "./storage.js";

/**
 * @typedef {{role: "viewer"|"operator"|"admin", tenant: string|null, portal: boolean,
 *   expires_at: string, csrf: string, masked: boolean, name: string, timezone: string|null}} Session
 */

const RANKS = ["viewer", "operator", "admin"];

/** @type {Session|null} */
let session = null;

/** @returns {Session|null} */
export function current() {
  return session;
}

/** @param {Session|null} next */
export function become(next) {
  session = next;
}

/** Whether the role that is signed in may do what this role may. */
export function may(role) {
  return session !== null && RANKS.indexOf(session.role) >= RANKS.indexOf(role);
}

/**
 * The tenant that this tab looks at, where the admin chooses. Another tab may look at another one: what
 * is done here is done to the one whose name stands here.
 */
let chosen = keptHere("tenant") ?? kept("tenant", "default");
keepHere("tenant", chosen);

/** The tenant that is looked at: the session's own, or the one that the admin chose. */
export function tenant() {
  return session?.tenant ?? chosen;
}

/** Only a session that no tenant owns may look at another one. */
export function mayChooseTenant() {
  return session !== null && session.tenant === null;
}

/** @param {string} name */
export function chooseTenant(name) {
  chosen = name;
  keepHere("tenant", name);
  keep("tenant", name);
}

/** Whether the page stands inside one of somebody else's, as a portal may. */
export function isFramed() {
  return window.self !== window.top;
}
