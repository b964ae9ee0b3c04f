import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TableMeta } from '../../../storage/manifest/edit.ts';
import {
  pickFullCompaction,
  pickWindowCompaction,
  type WindowLimits,
  type WindowRun,
} from '../../../storage/windows/picker.ts';
import { property } from '../../support/seed.ts';

const picker = suite('storage/windows/picker');

const END_MS = 1000;
const LIMITS: WindowLimits = {
  fanIn: 3,
  tablesMax: 6,
  graceMs: 100,
  quietMs: 500,
  lateShare: 0.25,
  inputBytesMax: 10_000,
  inputTablesMax: 8,
};

let lastNumber = 0;

function table(sizeBytes: number, sequence: number, windowStartMs = 0): TableMeta {
  return {
    kind: 'points',
    number: ++lastNumber,
    policyId: 1,
    windowStartMs,
    windowEndMs: windowStartMs + END_MS,
    sizeBytes,
    minTimestampMs: windowStartMs,
    maxTimestampMs: windowStartMs,
    firstSeries: 1,
    lastSeries: 1,
    seriesCount: 1,
    pointCount: 1,
    sequence,
  };
}

/** `8 1 1` is a window of three tables of these sizes, oldest first. */
function run(sizes: string, windowStartMs = 0, quietMs = 0): WindowRun {
  const tables = sizes
    .split(' ')
    .filter(Boolean)
    .map((size, i) => table(Number(size), i + 1, windowStartMs));
  return { endMs: windowStartMs + END_MS, tables, quietMs };
}

interface Case {
  readonly name: string;
  /** Windows apart by `|`. */
  readonly windows: string;
  readonly nowMs?: number;
  readonly quietMs?: number;
  readonly limits?: Partial<WindowLimits>;
  /** Window: the sizes of the inputs. */
  readonly want: string | undefined;
}

const CLOSED_MS = END_MS + LIMITS.graceMs;

const CASES: Case[] = [
  { name: 'nothing where there is nothing', windows: '', want: undefined },
  { name: 'nothing for fewer tables than the fan-in', windows: '5 5', want: undefined },
  { name: 'a run of similar tables', windows: '5 5 5', want: '0: 5 5 5' },
  { name: 'the new tables beside a large one', windows: '50 5 5 5', want: '0: 5 5 5' },
  { name: 'nothing when sizes differ', windows: '50 10 1', want: undefined },
  { name: 'neighbours alone', windows: '5 5 90 5 5', want: undefined },
  { name: 'the run that is cheapest', windows: '50 50 50 5 5 5', want: '0: 5 5 5' },
  {
    name: 'neighbours of any size once there are too many',
    windows: '9 90 9 1 90 9',
    want: '0: 9 90 9 1',
  },
  {
    name: 'the window with the most tables first',
    windows: '5 5 5 | 5 5 5 5',
    want: '1: 5 5 5 5',
  },
  {
    name: 'nothing of a window that has just ended',
    windows: '5 5',
    nowMs: CLOSED_MS - 1,
    want: undefined,
  },
  {
    name: 'all of a window that has closed',
    windows: '50 5 20',
    nowMs: CLOSED_MS,
    quietMs: LIMITS.graceMs,
    want: '0: 50 5 20',
  },
  {
    name: 'nothing of a window of the past that is still being loaded',
    windows: '50 5 20',
    nowMs: 100 * CLOSED_MS,
    quietMs: LIMITS.graceMs - 1,
    want: undefined,
  },
  {
    name: 'nothing of a closed window with one table',
    windows: '50',
    nowMs: CLOSED_MS,
    want: undefined,
  },
  {
    name: 'nothing of a closed window with few late points',
    windows: '90 5 5',
    nowMs: CLOSED_MS,
    quietMs: LIMITS.graceMs,
    want: undefined,
  },
  {
    name: 'all once late points are a share of it',
    windows: '75 20 5',
    nowMs: CLOSED_MS,
    quietMs: LIMITS.graceMs,
    want: '0: 75 20 5',
  },
  {
    name: 'late points among themselves before they are',
    windows: '90 5 5 5',
    nowMs: CLOSED_MS,
    want: '0: 5 5 5',
  },
  {
    name: 'all of a closed window that was quiet',
    windows: '90 5',
    nowMs: CLOSED_MS,
    quietMs: 500,
    want: '0: 90 5',
  },
  {
    name: 'no more bytes than a merge may read',
    windows: '80 60 30',
    nowMs: CLOSED_MS,
    quietMs: LIMITS.graceMs,
    limits: { inputBytesMax: 100 },
    want: '0: 60 30',
  },
  {
    name: 'no more tables than a merge may read',
    windows: '5 5 5 5',
    nowMs: CLOSED_MS,
    limits: { inputTablesMax: 3 },
    want: '0: 5 5 5',
  },
];

for (const { name, windows, nowMs = 0, quietMs = 0, limits, want } of CASES) {
  picker(`picks ${name}`, () => {
    const runs = windows.split('|').map((sizes, i) => run(sizes, i * END_MS, quietMs));
    const pick = pickWindowCompaction(runs, nowMs, { ...LIMITS, ...limits });
    const seen =
      pick &&
      `${pick.inputs[0]!.windowStartMs / END_MS}: ${pick.inputs.map((t) => t.sizeBytes).join(' ')}`;
    assert.is(seen, want);
  });
}

picker('merges what is owed to nobody when all is asked for', () => {
  const pick = pickFullCompaction([run('90'), run('90 5', END_MS)], LIMITS);
  assert.equal(
    pick?.inputs.map(({ sizeBytes }) => sizeBytes),
    [90, 5],
  );
  assert.is(pickFullCompaction([run('90'), run('5', END_MS)], LIMITS), undefined);
});

/** Windows that flushes go to and merges take from, as the engine has them. */
class Simulation {
  readonly windows = new Map<number, TableMeta[]>();
  readonly limits: WindowLimits;
  flushedBytes = 0;
  mergedBytes = 0;
  #sequence = 0;

  constructor(limits: WindowLimits) {
    this.limits = limits;
  }

  flush(windowStartMs: number, sizeBytes: number): void {
    const tables = this.windows.get(windowStartMs) ?? [];
    this.windows.set(windowStartMs, [...tables, table(sizeBytes, ++this.#sequence, windowStartMs)]);
    this.flushedBytes += sizeBytes;
  }

  /** Merges until nothing is owed; more merges than there are tables would never end. */
  settle(nowMs: number, quietMs: number): void {
    const count = [...this.windows.values()].reduce((sum, tables) => sum + tables.length, 0);
    for (let merges = 0; ; merges++) {
      const pick = pickWindowCompaction(this.#runs(quietMs), nowMs, this.limits);
      if (pick === undefined) return;
      assert.ok(merges < count, 'merging ends');
      this.#merge(pick.inputs);
    }
  }

  #runs(quietMs: number): WindowRun[] {
    return [...this.windows].map(([startMs, tables]) => ({
      endMs: startMs + END_MS,
      tables,
      quietMs,
    }));
  }

  #merge(inputs: readonly TableMeta[]): void {
    const { windowStartMs, sequence } = inputs.at(-1)!;
    const tables = this.windows.get(windowStartMs)!;
    const from = tables.indexOf(inputs[0]!);
    assert.ok(inputs.length >= 2 && inputs.length <= this.limits.inputTablesMax);
    assert.equal(tables.slice(from, from + inputs.length), inputs, 'neighbours of one window');
    const bytes = inputs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    assert.ok(bytes <= this.limits.inputBytesMax);
    const merged = table(bytes, sequence, windowStartMs);
    this.windows.set(windowStartMs, tables.toSpliced(from, inputs.length, merged));
    this.mergedBytes += bytes;
  }
}

const flushes = fc.array(
  fc.record({
    window: fc.integer({ min: 0, max: 2 }),
    sizeBytes: fc.integer({ min: 1, max: 100 }),
  }),
  { minLength: 1, maxLength: 200 },
);

picker('ends, in the order of writing, whatever is flushed where', () => {
  fc.assert(
    fc.property(
      flushes,
      fc.boolean(),
      fc.integer({ min: 0, max: 1000 }),
      (all, closed, quietMs) => {
        const nowMs = closed ? 10 * END_MS : 0;
        const simulation = new Simulation({ ...LIMITS, inputBytesMax: 2000 });
        for (const { window, sizeBytes } of all) {
          simulation.flush(window * END_MS, sizeBytes);
          simulation.settle(nowMs, quietMs);
        }
        for (const tables of simulation.windows.values()) {
          const sequences = tables.map(({ sequence }) => sequence);
          assert.equal(
            sequences,
            sequences.toSorted((a, b) => a - b),
          );
        }
      },
    ),
    property(200),
  );
});

picker('writes a point of steady flushes once for each tier', () => {
  const sizes = fc.array(fc.integer({ min: 70, max: 130 }), { minLength: 2, maxLength: 256 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 2, max: 8 }), (all, fanIn) => {
      const limits = { ...LIMITS, fanIn, tablesMax: 64, inputTablesMax: 64, inputBytesMax: 1e9 };
      const simulation = new Simulation(limits);
      for (const sizeBytes of all) {
        simulation.flush(0, sizeBytes);
        simulation.settle(0, 0);
      }
      simulation.settle(CLOSED_MS, limits.quietMs);
      assert.is(simulation.windows.get(0)!.length, 1);
      // A merge of similar tables is at least fanIn / 1.5 times its largest input; and one at the
      // end writes everything.
      const growth = Math.max(fanIn / 1.5, 4 / 3);
      const tiers = Math.log(all.length * 2) / Math.log(growth) + 1;
      assert.ok(simulation.mergedBytes <= (tiers + 1) * simulation.flushedBytes);
    }),
    property(100),
  );
});

picker('writes a closed window that is filled again and again a bounded number of times', () => {
  const simulation = new Simulation({ ...LIMITS, inputBytesMax: 1e9 });
  for (let i = 0; i < 400; i++) {
    simulation.flush(0, 100);
    simulation.settle(CLOSED_MS, 0);
  }
  assert.ok(simulation.mergedBytes <= (1 / LIMITS.lateShare + 4) * simulation.flushedBytes);
});

picker.run();
