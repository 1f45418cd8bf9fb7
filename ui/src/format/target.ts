/**
 * The number inside a criterion's target, for the line in a chart.
 */
import type { CriterionRow } from '../api/types';

/** `wape ≤ 0.40 on live` gives 0.4. A target against another model (`≤ today`) has no number of its own. */
export function targetNumber(target: string): number | null {
  const match = /[≤≥<>]=?\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)/i.exec(target.replace('−', '-'));
  return match?.[1] === undefined ? null : Number(match[1]);
}

export function targetOf(criteria: CriterionRow[], metric: string, on: string): { value: number; id: string } | null {
  for (const criterion of criteria) {
    if (criterion.metric !== metric || criterion.on !== on) continue;
    const value = targetNumber(criterion.target);
    if (value !== null) return { value, id: criterion.id };
  }
  return null;
}

/** A target where its metric stands beside it already: `wape ≤ 0.30 (95 % bound) on holdout` as `≤ 0.30`. */
export function targetShort(target: string, metric: string): string {
  const rest = target.startsWith(metric) ? target.slice(metric.length) : target;
  return rest.replace(/\s*\(.*?\)/g, '').replace(/\s+on\s+\S+.*$/, '').trim();
}
