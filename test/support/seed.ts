// Property tests print their seed, and take one: FC_SEED=123 node dist/test/run.js coding

import type { Parameters } from 'fast-check';

/** Settings for fc.assert: `runs` cases from one seed. */
export function property<Inputs>(runs: number): Parameters<Inputs> {
  const seed = Number(process.env['FC_SEED'] ?? 20_201_122);
  console.log(`seed ${seed}`);
  return { seed, numRuns: runs };
}
