// Where the points of a history go: few enough series and times that writes meet each other.

import type { Labels, PolicySet, Rollup } from '../../storage/index.ts';
import type { Rng } from '../sim/rng.ts';
import type { Place } from '../support/witness.ts';

export const HOUR_MS = 3_600_000;
export const SERIES = 60;
const JOBS = 4;
const HOURS = 12;

/** By the job of a series, which policy it belongs to. */
function policySet(windowsMs: readonly number[], policyOfJob: readonly number[]): PolicySet {
  return {
    policies: windowsMs.map((windowMs, i) => ({ name: `p${i}`, keepMs: HOUR_MS, windowMs })),
    policyOf: (labels) => policyOfJob[Number(labels[1]!.value.slice(1))]!,
  };
}

export const POLICY_SETS: readonly PolicySet[] = [
  policySet([HOUR_MS, 3 * HOUR_MS], [0, 0, 1, 1]),
  policySet([2 * HOUR_MS, 3 * HOUR_MS], [0, 0, 1, 1]),
  policySet([HOUR_MS, 3 * HOUR_MS, 5 * HOUR_MS], [0, 1, 2, 1]),
];

const WIDE: Rollup = { everyMs: HOUR_MS, keepMs: 60 * HOUR_MS };
const FINE: Rollup = { everyMs: HOUR_MS / 4, keepMs: 36 * HOUR_MS };

/** Of the first policies, by policy their tiers: the windows of the second have several steps. */
export const TIERED_POLICY_SETS: readonly PolicySet[] = [
  [[WIDE], [WIDE, FINE]],
  [[WIDE], [FINE]],
  [[], [WIDE, FINE]],
  [[WIDE], [WIDE]],
].map((tiers) => ({
  ...POLICY_SETS[0]!,
  policies: POLICY_SETS[0]!.policies.map((policy, i) => ({ ...policy, rollups: tiers[i]! })),
}));

export function seriesLabels(series: number): Labels {
  return [
    { name: '__name__', value: `metric-${series % 3}` },
    { name: 'job', value: `j${series % JOBS}` },
    { name: 'series', value: `s${series}` },
  ];
}

/** Places of one batch, each once: mostly of now, some late, before the epoch too. */
export function randomPlaces(rng: Rng): Place[] {
  const places = new Map<string, Place>();
  const hour = rng.below(HOURS);
  for (let count = 1 + rng.below(30); count > 0; count--) {
    const series = rng.below(SERIES);
    const late = rng.chance(0.2) ? rng.below(HOURS) : 0;
    const timestampMs = (hour - late) * HOUR_MS + rng.below(4) * 1000;
    places.set(`${series} ${timestampMs}`, { labels: seriesLabels(series), timestampMs });
  }
  return [...places.values()];
}
