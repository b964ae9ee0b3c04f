// `make fuzz`: histories of new seeds for a minute, or until one fails, then two minutes of killed
// workers. `make fuzz SEED=n`: the history of that seed. ARGS=histories or ARGS=chaos: one of both.

import { toError } from '../../storage/errors.ts';
import { runHistory } from './history.ts';
import { runSweepChaos } from './sweep-chaos.ts';

const MINUTE_MS = 60_000;

const given = process.env['SEED'];
const first = given ? Number(given) : Math.floor(Math.random() * 2 ** 31);
const [pick] = process.argv.slice(2);
try {
  console.log(`from seed ${first}`);
  if (pick !== 'chaos') await runHistories();
  if (pick === 'chaos' || (pick === undefined && !given)) {
    console.log(JSON.stringify(await runSweepChaos(first, 2 * MINUTE_MS)));
  }
} catch (thrown) {
  const { message, cause } = toError(thrown);
  console.error(message);
  console.error(cause instanceof Error ? cause.stack : cause);
  process.exitCode = 1;
}

async function runHistories(): Promise<void> {
  const startMs = performance.now();
  let seed = first;
  do await runHistory(seed++);
  while (!given && performance.now() - startMs < MINUTE_MS);
  console.log(`${seed - first} histories, none wrong`);
}
