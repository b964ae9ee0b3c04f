// A few damaged bodies at every door, always the same ones; `make fuzz ARGS=doors` sends 20,000 to
// each and holds the times and the memory against their limits.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runDoorFuzz } from './door-fuzz.ts';
import { DOORS } from './doors.ts';

const fuzz = suite('fuzz/doors');

const BODIES = 60;

fuzz('nothing is our fault at any door, and a bystander keeps all it wrote', async () => {
  const outcomes = await runDoorFuzz(DOORS, 6, BODIES);
  for (const { door, taken, refused, bystanderWrites } of outcomes) {
    assert.is(taken + refused, BODIES);
    assert.ok(Math.min(taken, refused, bystanderWrites) > 0, door);
  }
});

fuzz.run();
