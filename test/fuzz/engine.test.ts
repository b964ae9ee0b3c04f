// Random histories of an engine against a model of what it may hold: a few, always the same ones.
// `make fuzz` runs others, and `make fuzz SEED=n` one of them again.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runHistory } from './history.ts';

const fuzz = suite('fuzz/engine');

const HISTORIES = 12;
const TIERED = 4;

fuzz('holds what it was told, whatever happens to it', async () => {
  for (let seed = 1; seed <= HISTORIES; seed++) await runHistory(seed);
});

fuzz('answers from tiers as it did from the points, whatever happens to it', async () => {
  for (let seed = 1; seed <= TIERED; seed++) await runHistory(seed, 'tiered');
});

fuzz('does the same again with the same seed', async () => {
  assert.equal(await runHistory(1), await runHistory(1));
});

fuzz.run();
