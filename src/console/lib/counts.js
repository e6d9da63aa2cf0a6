// @ts-check
// Counts that cost no more than a page: of what fits, as many as one page of the list holds, and
// whether there are more. To count all of it exactly is what bulk work does, where somebody asked
// for it.

import { get } from "./api.js";
import { number } from "./i18n.js";

const PAGE = 99;

/**
 * "12", "99+", or null where one page could not tell.
 * @param {string} path @param {Record<string, any>} query
 * @returns {Promise<string|null>}
 */
export async function countOf(path, query) {
  const { items, next_cursor: more } = await get(path, { ...query, limit: PAGE });
  if (more && items.length === 0) return null;
  return number(items.length) + (more ? "+" : "");
}
