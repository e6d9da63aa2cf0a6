// @ts-check
// Words that somebody began and did not send: they are there again when the place is opened again, for as long
// as this page stands; before it goes the browser asks.

/** More are not kept; those of long ago go first. */
const DRAFTS_MAX = 50;

/** What was written at each place. */
function kept() {
  /** @type {Map<string, string>} */
  const all = new Map();
  return {
    all,
    /** @param {string} place */
    at: (place) => all.get(place) ?? "",
    /** @param {string} place @param {string} text nothing where it was sent */
    keep(place, text) {
      all.delete(place);
      if (text.trim() !== "") all.set(place, text);
      const [oldest] = all.keys();
      if (all.size > DRAFTS_MAX && oldest !== undefined) all.delete(oldest);
    },
  };
}

const drafts = kept();
/** The names under which somebody was to send them; nothing is lost with one alone. */
const names = kept();

export const { at: draftOf, keep: keepDraft } = drafts;
export const { at: nameOf, keep: keepName } = names;

/** Whoever goes without coming back leaves nothing. */
export const forgetDrafts = () => {
  drafts.all.clear();
  names.all.clear();
};

addEventListener("beforeunload", (event) => drafts.all.size > 0 && event.preventDefault());
