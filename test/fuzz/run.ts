// `make fuzz`: histories of new seeds for a minute, or until one fails, each without tiers and with
// them; then 20,000 damaged bodies to every door, then two minutes of killed workers. ARGS picks
// one of the three: `histories` (and behind it, how many), `doors` (and behind it, part of the name
// of one) or `chaos`; SEED=n the history of that seed, the first of so many, or with ARGS=doors
// those bodies.

import * as assert from 'uvu/assert';
import { toError } from '../../storage/errors.ts';
import { type DoorOutcome, runDoorFuzz } from './door-fuzz.ts';
import { DOORS } from './doors.ts';
import { runHistory } from './history.ts';
import { runSweepChaos } from './sweep-chaos.ts';

const MINUTE_MS = 60_000;
const BODIES = 20_000;
const SLOWEST_MS = 1000;
const BYSTANDER_MS = 250;
const GROWN_MIB = 256;

const given = process.env['SEED'];
const first = given ? Number(given) : Math.floor(Math.random() * 2 ** 31);
const [pick, more = ''] = process.argv.slice(2);
const isAll = pick === undefined && !given;
try {
  console.log(`from seed ${first}`);
  if (pick === undefined || pick === 'histories') await runHistories(Number(more));
  if (isAll || pick === 'doors') await runDoors(more);
  if (isAll || pick === 'chaos') {
    console.log(JSON.stringify(await runSweepChaos(first, 2 * MINUTE_MS)));
  }
} catch (thrown) {
  const { message, cause } = toError(thrown);
  console.error(message);
  console.error(cause instanceof Error ? cause.stack : cause);
  process.exitCode = 1;
}

/** `count` of them; 0 for one that is given, or for as many as a minute has. */
async function runHistories(count: number): Promise<void> {
  const startMs = performance.now();
  const isMinute = count === 0 && !given;
  let seed = first;
  do {
    await runHistory(seed);
    await runHistory(seed++, 'tiered');
  } while (isMinute ? performance.now() - startMs < MINUTE_MS : seed < first + count);
  console.log(`${seed - first} histories, none wrong`);
}

/** Those whose name contains `part`. What is over a limit does not keep the next from its turn. */
async function runDoors(part: string): Promise<void> {
  const over: DoorOutcome[] = [];
  for (const door of DOORS.filter((one) => one.name.includes(part))) {
    const [outcome] = await runDoorFuzz([door], first, BODIES);
    console.log(JSON.stringify(outcome));
    const { slowestMs, bystanderMs, grownMib } = outcome!;
    const isWithin =
      slowestMs <= SLOWEST_MS && bystanderMs <= BYSTANDER_MS && grownMib <= GROWN_MIB;
    if (!isWithin) over.push(outcome!);
  }
  const limits = `${SLOWEST_MS} ms, ${BYSTANDER_MS} ms for the bystander, ${GROWN_MIB} MiB`;
  assert.equal(over, [], `SEED=${first}: over ${limits}`);
}
