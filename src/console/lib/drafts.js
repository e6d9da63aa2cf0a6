// @ts-check
// Words that somebody began and did not send: they are there again when the place is opened again, for as long
// as this page stands; before it goes the browser asks.

/** More are not kept; those of long ago go first. */
const DRAFTS_MAX = 50;

/** @type {Map<string, string>} */
const drafts = new Map();

/** @param {string} place */
export const draftOf = (place) => drafts.get(place) ?? "";

/** @param {string} place @param {string} text nothing where it was sent */
export function keepDraft(place, text) {
  drafts.delete(place);
  if (text.trim() !== "") drafts.set(place, text);
  const [oldest] = drafts.keys();
  if (drafts.size > DRAFTS_MAX && oldest !== undefined) drafts.delete(oldest);
}

/** The names under which somebody was to send them; nothing is lost with one alone. @type {Map<string, string>} */
const names = new Map();

/** @param {string} place */
export const nameOf = (place) => names.get(place) ?? "";

/** @param {string} place @param {string} name nothing where it was sent */
export function keepName(place, name) {
  names.delete(place);
  if (name.trim() !== "") names.set(place, name);
  const [oldest] = names.keys();
  if (names.size > DRAFTS_MAX && oldest !== undefined) names.delete(oldest);
}

/** Whoever goes without coming back leaves nothing. */
export const forgetDrafts = () => {
  drafts.clear();
  names.clear();
};

addEventListener("beforeunload", (event) => drafts.size > 0 && event.preventDefault());
