// @ts-check
// Charts as SVG: lines and stacked bars over time, with axes, a read-out by pointer and by arrow keys,
// and the same numbers as a table for whoever reads by ear. And sparklines, which only accompany words.

import { h, put, s } from "./dom.js";
import { t } from "./i18n.js";
import { marks, momentMark } from "./scale.js";
import { local } from "./time.js";

/**
 * @typedef {{name: string, label: string, tone: string, of: (point: any) => number|null}} Series
 * @typedef {{title: string, points: any[], series: Series[], kind: "bars"|"lines",
 *   unit: (value: number) => string, height?: number, note?: any,
 *   say?: (at: string) => string, mark?: (at: string, span: number) => string}} Chart
 * A point of which nothing is known may have a `gap`, a sign that stands where its values would.
 * `say` and `mark` write a moment in the read-out and on the axis; in the reader's zone where left
 * out.
 */

const EDGE = { left: 56, right: 10, top: 8, bottom: 22 };

/** @param {Chart} chart */
export function chart({
  title, points, series, kind, unit, height = 190, note, say = local, mark = momentMark,
}) {
  const values = points.map((point) => series.map((one) => one.of(point)));
  const sum = (row) => row.reduce((total, value) => total + (value ?? 0), 0);
  const top = Math.max(0, ...values.map((row) => kind === "bars" ? sum(row)
    : Math.max(...row.map((value) => value ?? 0))));
  const ticks = marks(top);
  const span = points.length > 1 ? Date.parse(points.at(-1).at) - Date.parse(points[0].at) : 0;
  const canvas = s("svg", { class: "chart-canvas", height, "aria-hidden": "true" });
  const readout = h("div", { class: "chart-readout", "aria-live": "polite" });
  const area = h("div", {
    class: "chart-area", tabindex: 0, role: "group", "aria-label": t("common.chart_keys", { title }),
  }, canvas);
  let width = 0;
  let here = -1;

  const x = (index) => {
    const room = width - EDGE.left - EDGE.right;
    return EDGE.left + (kind === "bars" ? (index + 0.5) / points.length
      : points.length > 1 ? index / (points.length - 1) : 0.5) * room;
  };
  const y = (value) => {
    const room = height - EDGE.top - EDGE.bottom;
    return EDGE.top + room * (1 - value / /** @type {number} */ (ticks.at(-1)));
  };

  function draw() {
    canvas.setAttribute("viewBox", `0 0 ${width} ${height}`);
    put(canvas, ticks.map((tick) => [
      s("line", { class: "chart-grid", x1: EDGE.left, x2: width - EDGE.right, y1: y(tick), y2: y(tick) }),
      s("text", { class: "chart-text", x: EDGE.left - 8, y: y(tick) + 4, "text-anchor": "end" }, unit(tick)),
    ]), moments(), kind === "bars" ? bars() : lines(), gaps(), pointer());
  }

  function moments() {
    const count = Math.max(2, Math.min(6, Math.floor(width / 110)));
    const step = Math.max(1, Math.floor(points.length / count));
    return points.filter((_, index) => index % step === Math.floor(step / 2)).map((point) => {
      const index = points.indexOf(point);
      return s("text", { class: "chart-text", x: x(index), y: height - 5, "text-anchor": "middle" },
        mark(point.at, span));
    });
  }

  function bars() {
    const wide = Math.max(1, Math.min(28, (width - EDGE.left - EDGE.right) / points.length - 1.5));
    return values.map((row, index) => {
      let base = 0;
      return row.map((value, place) => {
        if (!value) return null;
        const [from, to] = [y(base), y(base + value)];
        base += value;
        return s("rect", {
          class: `tone-${series[place]?.tone}`, x: x(index) - wide / 2, width: wide, y: to,
          height: Math.max(1, from - to), rx: Math.min(2, wide / 4),
        });
      });
    });
  }

  function lines() {
    return series.map(({ tone }, place) => {
      let path = "";
      let broken = true;
      values.forEach((row, index) => {
        const value = row[place];
        if (value === null || value === undefined) return (broken = true);
        path += `${broken ? "M" : "L"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
        broken = false;
      });
      return [path && s("path", { class: `chart-line tone-${tone}`, d: path }),
        values.map((row, index) => {
          const alone = row[place] !== null && row[place] !== undefined
            && (values[index - 1]?.[place] ?? null) === null && (values[index + 1]?.[place] ?? null) === null;
          return alone && s("circle", { class: `tone-${tone}`, cx: x(index), cy: y(row[place] ?? 0), r: 2.5 });
        })];
    });
  }

  function gaps() {
    return points.map(({ gap }, index) => Boolean(gap) && (values[index] ?? []).every((value) => value === null)
      && s("text", { class: "chart-text", x: x(index), y: y(0) - 6, "text-anchor": "middle" }, gap));
  }

  function pointer() {
    if (here < 0) return null;
    return s("line", {
      class: "chart-pointer", x1: x(here), x2: x(here), y1: EDGE.top, y2: height - EDGE.bottom,
    });
  }

  function read(index) {
    here = index;
    draw();
    put(readout, index < 0 ? legend(series) : [
      h("span", { class: "strong" }, say(points[index].at)),
      series.map((one, place) => key(one, values[index]?.[place] ?? null, unit)),
    ]);
  }

  area.addEventListener("pointermove", (event) => {
    const at = event.clientX - canvas.getBoundingClientRect().left;
    const share = (at - EDGE.left) / (width - EDGE.left - EDGE.right);
    const last = points.length - 1;
    const index = kind === "bars" ? Math.floor(share * points.length) : Math.round(share * last);
    read(Math.max(0, Math.min(last, index)));
  });
  area.addEventListener("pointerleave", () => read(-1));
  area.addEventListener("blur", () => read(-1));
  area.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1 };
    const last = points.length - 1;
    const to = event.key === "Home" ? 0 : event.key === "End" ? last
      : event.key in steps ? (here < 0 ? last : here + steps[event.key]) : null;
    if (to === null) return;
    event.preventDefault();
    read(Math.max(0, Math.min(last, to)));
  });
  new ResizeObserver(([entry]) => {
    const next = Math.round(entry?.contentRect.width ?? 0);
    if (next === width || next === 0) return;
    width = next;
    draw();
  }).observe(area);
  put(readout, legend(series));

  return h("figure", { class: "chart" },
    h("figcaption", null, h("h2", null, title), readout), area, note,
    asTable(title, points, series, values, unit, say));
}

function legend(series) {
  return series.length > 1 && series.map((one) => key(one));
}

function key({ tone, label }, value, unit) {
  const text = value === undefined ? "" : value === null ? " –" : ` ${unit(value)}`;
  return h("span", { class: "chart-key" }, h("span", { class: `chart-swatch swatch-${tone}` }), label,
    text && h("b", null, text));
}

function asTable(title, points, series, values, unit, say) {
  const rows = h("tbody");
  const table = h("table", { class: "chart-table" },
    h("caption", { class: "unseen" }, title),
    h("thead", null, h("tr", null, h("th", { scope: "col" }, t("common.when")),
      series.map((one) => h("th", { scope: "col" }, one.label)))), rows);
  return h("details", {
    class: "chart-numbers", ontoggle: (event) => event.target.open && put(rows, points.map((point, index) =>
      h("tr", null, h("th", { scope: "row" }, say(point.at)), values[index]?.map((value) =>
        h("td", null, value === null ? "–" : unit(value)))))),
  }, h("summary", null, t("common.as_table")), table);
}

/** A line without axes that accompanies a number. @param {(number|null)[]} values */
export function sparkline(values, tone = "busy") {
  const [width, height] = [120, 28];
  const top = Math.max(1e-9, ...values.map((value) => value ?? 0));
  const at = (value, index) => `${(index / Math.max(1, values.length - 1) * width).toFixed(1)} `
    + (height - 2 - (value ?? 0) / top * (height - 4)).toFixed(1);
  const line = values.map((value, index) => (index === 0 ? "M" : "L") + at(value, index)).join("");
  return s("svg", {
    class: "sparkline", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true",
  }, s("path", { class: `spark-area tone-${tone}`, d: `${line}L${width} ${height}L0 ${height}Z` }),
  s("path", { class: `chart-line tone-${tone}`, d: line, "vector-effect": "non-scaling-stroke" }));
}
