// @ts-check
// The timers up to a moment, all of them as far as they can be shown: what follows later on counts
// too.

import { get } from "../../lib/api.js";

const PAGE = 500;
/** Pages that are read at most; beyond that the rest is said to be there. */
const PAGES_MAX = 6;

/** Each timer with those that follow it, as one list. @param {any[]} items */
export function flat(items) {
  return items.flatMap((item) => [item, ...(item.then ?? [])]);
}

/**
 * @param {number} until @param {AbortSignal} signal
 * @returns {Promise<{items: any[], isWhole: boolean}>} by their moments
 */
export async function upTo(until, signal) {
  const all = [];
  let cursor = null;
  let isWhole = false;
  for (let page = 0; page < PAGES_MAX && !isWhole; page += 1) {
    const answer = await get("/api/v1/timers", { limit: PAGE, cursor }, signal);
    all.push(...answer.items);
    cursor = answer.next_cursor;
    const last = answer.items.at(-1);
    isWhole = !cursor || (last !== undefined && Date.parse(last.due_at) > until);
  }
  const items = flat(all).filter(({ due_at: due }) => Date.parse(due) <= until);
  items.sort((a, b) => (a.due_at < b.due_at ? -1 : 1));
  return { items, isWhole };
}
