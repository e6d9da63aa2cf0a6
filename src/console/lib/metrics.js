// @ts-check
// What the server measures of itself, read from its metrics in the text format of Prometheus.

import { Refusal } from "./api.js";
import { t } from "./i18n.js";

const PATIENCE_MS = 15_000;

/** @typedef {{name: string, labels: Record<string, string>, value: number}} Sample */

/** @param {AbortSignal} signal @returns {Promise<Sample[]>} */
export async function metrics(signal) {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  try {
    const response = await fetch("/metrics", { headers: { accept: "text/plain" }, signal: patience });
    if (!response.ok) throw new Refusal(response.status, response.statusText);
    return samples(await response.text());
  } catch (error) {
    if (signal.aborted || error instanceof Refusal) throw error;
    throw new Refusal(0, t("common.no_answer"));
  }
}

/** @param {string} text @returns {Sample[]} */
function samples(text) {
  return [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = "", said = "", value]) => ({
    name, value: Number(value),
    labels: Object.fromEntries([...said.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, of]) => [key, of])),
  }));
}

/** One value; null where it is not measured. @param {Sample[]} all */
export function one(all, name, labels = {}) {
  const found = all.find((sample) => sample.name === name
    && Object.entries(labels).every(([key, value]) => sample.labels[key] === value));
  return found?.value ?? null;
}

/** All values of a name, by one of their labels. @param {Sample[]} all @returns {[string, number][]} */
export function by(all, name, label) {
  return all.filter((sample) => sample.name === name)
    .map((sample) => [sample.labels[label] ?? "", sample.value]);
}

/**
 * The mean of a histogram in milliseconds, and the bound below which 99 of 100 lie; null where nothing
 * was measured yet.
 * @param {Sample[]} all
 */
export function histogram(all, name) {
  const count = one(all, `${name}_count`) ?? 0;
  if (count === 0) return null;
  const mean = (one(all, `${name}_sum`) ?? 0) / count * 1_000;
  const bounds = by(all, `${name}_bucket`, "le");
  const bound = Number(bounds.find(([, below]) => below >= count * 0.99)?.[0]) * 1_000;
  return { mean, p99: Number.isFinite(bound) ? bound : null };
}
