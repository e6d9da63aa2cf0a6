// @ts-check
// All screens: their addresses, their places in the navigation, who sees them, and how they are loaded.

/**
 * @typedef {{name: string, symbol: string, group: string, role?: string, key?: string,
 *   portal?: boolean, load: () => Promise<any>}} Entry
 */

/** @type {Entry[]} */
export const SCREENS = [
  { name: "overview", symbol: "overview", group: "watch", key: "o", load: () => import("./overview.js") },
  { name: "alerts", symbol: "alerts", group: "watch", key: "a", load: () => import("./alerts.js") },
  { name: "reports", symbol: "reports", group: "watch", load: () => import("./reports.js") },

  { name: "deliveries", symbol: "deliveries", group: "messages", key: "d", portal: true, load: () => import("./deliveries.js") },
  { name: "events", symbol: "events", group: "messages", key: "e", portal: true, load: () => import("./events.js") },
  { name: "dead-letters", symbol: "dead", group: "messages", key: "l", portal: true, load: () => import("./dead-letters.js") },
  { name: "inbound", symbol: "inbound", group: "messages", key: "i", load: () => import("./inbound.js") },

  { name: "reservations", symbol: "reservations", group: "people", key: "r", load: () => import("./reservations.js") },
  { name: "handoffs", symbol: "handoffs", group: "people", key: "h", load: () => import("./handoffs.js") },
  { name: "conversations", symbol: "conversations", group: "people", key: "c", load: () => import("./conversations.js") },
  { name: "leads", symbol: "leads", group: "people", load: () => import("./leads.js") },
  { name: "timers", symbol: "timers", group: "people", key: "t", load: () => import("./timers.js") },

  { name: "endpoints", symbol: "endpoints", group: "setup", key: "p", portal: true, load: () => import("./endpoints.js") },
  { name: "templates", symbol: "templates", group: "setup", load: () => import("./templates.js") },
  { name: "tenants", symbol: "tenants", group: "setup", role: "admin", load: () => import("./tenants.js") },
  { name: "audit", symbol: "audit", group: "setup", role: "admin", load: () => import("./audit.js") },
  { name: "system", symbol: "system", group: "setup", load: () => import("./system.js") },
];

/** The groups, in the order of the navigation. */
export const GROUPS = ["watch", "messages", "people", "setup"];

/** The four that a phone has at hand. */
export const AT_HAND = ["overview", "reservations", "deliveries", "endpoints"];

/** Those that a session sees: by its role, and the four of the portal where it is one. */
export function seen({ portal }, may) {
  return SCREENS.filter((screen) => (!screen.role || may(screen.role)) && (!portal || screen.portal));
}

/** @param {string} name */
export function find(name) {
  return SCREENS.find((screen) => screen.name === name);
}
