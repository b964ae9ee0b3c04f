// Random histories of an engine against a model of what it may hold: a few, always the same ones.
// `make fuzz` runs others, and `make fuzz SEED=n` one of them again.

import { suite } from 'uvu';
import { runHistory } from './history.ts';

const fuzz = suite('fuzz/engine');

const HISTORIES = 20;
const STEPS = 40;

fuzz('holds what it was told, whatever happens to it', async () => {
  for (let seed = 1; seed <= HISTORIES; seed++) await runHistory(seed, STEPS);
});

fuzz.run();
