// `make fuzz`: histories of new seeds for a minute, or until one fails. `make fuzz SEED=n`: the
// history of that seed.

import { toError } from '../../storage/errors.ts';
import { runHistory } from './history.ts';

const MINUTE_MS = 60_000;

const given = process.env['SEED'];
const first = given ? Number(given) : Math.floor(Math.random() * 2 ** 31);
const startMs = performance.now();
let seed = first;
try {
  console.log(`from seed ${first}`);
  do await runHistory(seed++);
  while (!given && performance.now() - startMs < MINUTE_MS);
  console.log(`${seed - first} histories, none wrong`);
} catch (thrown) {
  const { message, cause } = toError(thrown);
  console.error(message);
  console.error(cause instanceof Error ? cause.stack : cause);
  process.exitCode = 1;
}
