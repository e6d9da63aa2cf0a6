// @ts-check
// A state machine drawn: the state that something is in is lit, and so are the ways that lead on
// from it. Wide it goes from left to right, on a phone from above to below; its words stand beside
// for readers by ear.

import { h, put, s } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { icon } from "../lib/icons.js";
import { markOf, tone } from "./bits.js";

/**
 * `along` and `across` are a state's place: how far it has come, and 0 on the main road or 1 beside
 * it.
 * @typedef {{name: string, label: string, along: number, across: number}} Place
 * @typedef {{from: string, to: string, label?: string, quiet?: boolean}} Way
 * @param {{label: string, places: Place[], ways: Way[], here: string, been?: string[]}} what
 */
export function machine({ label, places, ways, here, been = [] }) {
  const canvas = s("svg", { class: "machine-canvas", "aria-hidden": "true" });
  const next = ways.filter(({ from }) => from === here);
  const name = (state) => places.find((place) => place.name === state)?.label ?? state;
  const element = h("figure", { class: "machine" }, canvas,
    h("figcaption", { class: "unseen" }, label, ": ",
      t("common.machine_here", { state: name(here) }),
      " ", next.length > 0 ? t("common.machine_next", {
        states: next.map(({ to, label: by }) => by ?? name(to)).join(", "),
      }) : t("common.machine_end")));
  let isWide = null;
  new ResizeObserver(([entry]) => {
    const wide = (entry?.contentRect.width ?? 0) >= 460;
    if (wide === isWide || !entry?.contentRect.width) return;
    isWide = wide;
    draw(canvas, { places, ways, here, been }, wide ? WIDE : TALL);
  }).observe(element);
  return element;
}

/** @typedef {[number, number]} Pair how far along, and how far across */

/** Sizes along and across, for both directions. */
const WIDE = { isWide: true, step: 154, side: 92, along: 124, across: 38, lead: 34, edge: 6 };
const TALL = { isWide: false, step: 74, side: 168, along: 40, across: 128, lead: 40, edge: 4 };

function draw(canvas, { places, ways, here, been }, size) {
  /** @returns {Pair} */
  const at = (place) => [size.edge + size.along / 2 + place.along * size.step,
    size.lead + size.across / 2 + place.across * size.side];
  /** @returns {Pair} @param {Pair} pair */
  const point = ([along, across]) => (size.isWide ? [along, across] : [across, along]);
  const longest = Math.max(...places.map(({ along }) => along));
  const length = size.edge * 2 + size.along + longest * size.step;
  const widest = Math.max(...places.map(({ across }) => across));
  const depth = size.lead + size.across + widest * size.side + size.edge + 4;
  const [width, height] = point([length, depth]);
  canvas.setAttribute("viewBox", `0 0 ${width} ${height}`);
  // A drawing grows no larger than its letters can bear.
  canvas.setAttribute("width", String(width * (size.isWide ? 1.25 : 1.1)));
  const find = (name) => places.find((place) => place.name === name);
  const roads = [...ways].sort((a, b) => Number(a.from === here) - Number(b.from === here));
  put(canvas,
    roads.filter((way) => !way.quiet || way.from === here).map((way) => {
      const road = line(at(find(way.from)), at(find(way.to)), size);
      const isLit = way.from === here;
      return [s("path", { class: ["machine-way", isLit && "is-lit"],
        d: path(road.points.map(point)) }),
        head(road, point, isLit)];
    }),
    places.map((place) => state(place, point(at(place)), size, place.name === here, been)));
}

/**
 * The points of a way between two states: straight where it can be, above the road where it leaps.
 * @returns {{points: Pair[], way: Pair}} `way`: where its end points
 */
function line([fromAlong, fromAcross], [toAlong, toAcross], size) {
  const [half, thick] = [size.along / 2, size.across / 2];
  if (fromAcross === toAcross) {
    const forth = Math.sign(toAlong - fromAlong);
    const isNear = Math.abs(toAlong - fromAlong) <= size.step + 1;
    if (isNear && forth > 0) {
      return { points: [[fromAlong + half, fromAcross], [toAlong - half - 7, toAcross]],
        way: [1, 0] };
    }
    const over = fromAcross - thick - (size.lead - 12) * 1.35;
    const [leave, reach] = [fromAlong + forth * 14, toAlong - forth * 14];
    return {
      points: [[leave, fromAcross - thick], [(leave + reach) / 2, over],
        [reach, toAcross - thick - 7]],
      way: [0, 1],
    };
  }
  const down = Math.sign(toAcross - fromAcross);
  const shift = Math.sign(toAlong - fromAlong) * Math.min(18, half / 2);
  return {
    points: [[fromAlong + shift, fromAcross + down * thick],
      [toAlong - shift, toAcross - down * (thick + 7)]],
    way: [0, down],
  };
}

function path(points) {
  const [first, ...rest] = points.map((pair) => pair.map((value) => value.toFixed(1)).join(" "));
  return rest.length === 1 ? `M${first}L${rest[0]}` : `M${first}Q${rest[0]} ${rest[1]}`;
}

/** The tip of a way. */
function head({ points, way: [along, across] }, point, isLit) {
  const [tipAlong, tipAcross] = points.at(-1);
  /** @type {Pair[]} */
  const corners = [
    [tipAlong + along * 6, tipAcross + across * 6],
    [tipAlong - across * 4, tipAcross + along * 4], [tipAlong + across * 4, tipAcross - along * 4],
  ];
  const shape = corners.map((pair) => point(pair).map((value) => value.toFixed(1)).join(" "));
  return s("path", { class: ["machine-tip", isLit && "is-lit"], d: `M${shape.join("L")}Z` });
}

function state({ name, label }, [x, y], size, isHere, been) {
  const [width, height] = size.isWide ? [size.along, size.across] : [size.across, size.along];
  const mark = icon(markOf(name));
  mark.setAttribute("width", "15");
  mark.setAttribute("height", "15");
  mark.setAttribute("x", String(x - width / 2 + 10));
  mark.setAttribute("y", String(y - 7.5));
  return s("g", {
    class: ["machine-state", isHere && `is-here ${tone(name)}`, !isHere && been.includes(name)
      && "is-been"],
  }, s("rect", { x: x - width / 2, y: y - height / 2, width, height, rx: 9 }), mark,
  s("text", { x: x - width / 2 + 31, y: y + 4.5 }, label));
}
