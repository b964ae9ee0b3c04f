import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pointBuffer } from '../../ingest/decode/columns.ts';
import { DEFAULT_LIMITS } from '../../ingest/limits.ts';
import { createRejections, REASONS, rejectedId, toMessages } from '../../ingest/reasons.ts';
import { checkLabels, filterPoints } from '../../ingest/validate.ts';

const validate = suite('ingest/validate');

const NOW_MS = 1_000_000;
const POLICIES = [
  { name: 'short', keepMs: 1000, windowMs: 100 },
  { name: 'long', keepMs: 10_000, windowMs: 100 },
];
/** Even series have the short policy. */
const storage = { policies: POLICIES, policyOf: (id: number) => id % 2 };
const limits = { ...DEFAULT_LIMITS, maxPastMs: 5000, maxFutureMs: 500 };

function filter(points: readonly { id: number; t: number }[]) {
  const buffer = pointBuffer(points.length);
  const bits = new BigUint64Array(buffer.values.buffer, buffer.values.byteOffset, points.length);
  points.forEach(({ id, t }, i) => {
    buffer.ids[i] = id;
    buffer.timestampsMs[i] = t;
    // Signalling NaNs, each another: only bits tell them apart.
    bits[i] = 0x7ff0_0000_0000_0001n + BigInt(i);
  });
  const times = points.map(({ t }) => t).filter((t) => !Number.isNaN(t));
  const span = {
    minMs: Math.min(...times),
    maxMs: Math.max(...times),
    outOfRange: points.length - times.length,
  };
  const idsValid = points.every(({ id }) => id < rejectedId(REASONS[0]));
  const rejections = createRejections();
  const rules = { nowMs: NOW_MS, limits, storage };
  const kept = filterPoints(buffer, span, idsValid, rules, rejections);
  const keptBits = new BigUint64Array(
    kept.values.buffer,
    kept.values.byteOffset,
    kept.values.length,
  );
  return {
    ids: [...kept.ids],
    timestampsMs: [...kept.timestampsMs],
    positions: [...keptBits].map((value) => Number(value - 0x7ff0_0000_0000_0001n)),
    rejections: Object.fromEntries(rejections.entries()),
  };
}

/** The rules once more, one point at a time. */
function reasonOf(id: number, t: number): string | undefined {
  if (id >= rejectedId(REASONS[0])) return REASONS[id - rejectedId(REASONS[0])];
  if (Number.isNaN(t)) return 'timestamp_out_of_range';
  if (t > NOW_MS + 500) return 'too_far_in_future';
  if (t < NOW_MS - 5000) return 'too_old';
  return t < NOW_MS - POLICIES[id % 2]!.keepMs ? 'expired' : undefined;
}

validate('keeps the good points in order, bit for bit, and counts each other by its reason', () => {
  const time = fc.oneof(
    fc.integer({ min: NOW_MS - 900, max: NOW_MS + 400 }),
    fc.integer({ min: NOW_MS - 6000, max: NOW_MS + 600 }),
    fc.constantFrom(NOW_MS - 1000, NOW_MS - 1001, NOW_MS - 5000, NOW_MS - 5001, NOW_MS + 500),
    fc.constant(Number.NaN),
  );
  const id = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant(rejectedId('series_limit')));
  fc.assert(
    fc.property(fc.array(fc.record({ id, t: time }), { maxLength: 8 }), (points) => {
      const good = points.flatMap(({ id: series, t }, i) =>
        reasonOf(series, t) === undefined ? [i] : [],
      );
      const counts: Record<string, number> = {};
      for (const { id: series, t } of points) {
        const reason = reasonOf(series, t);
        if (reason !== undefined) counts[reason] = (counts[reason] ?? 0) + 1;
      }
      const found = filter(points);
      assert.equal(found.positions, good);
      assert.equal(
        found.ids,
        good.map((i) => points[i]!.id),
      );
      assert.equal(
        found.timestampsMs,
        good.map((i) => points[i]!.t),
      );
      assert.equal(found.rejections, counts);
    }),
    { seed: 20_260_105, numRuns: 2000 },
  );
});

const LABELS: [what: string, labels: [string, string][], expected: unknown][] = [
  [
    'sorted',
    [
      ['b', '2'],
      ['a', '1'],
    ],
    [
      { name: 'a', value: '1' },
      { name: 'b', value: '2' },
    ],
  ],
  [
    'without empty values',
    [
      ['a', ''],
      ['b', '2'],
    ],
    [{ name: 'b', value: '2' }],
  ],
  ['none', [], 'no_labels'],
  ['only empty ones', [['a', '']], 'no_labels'],
  [
    'an empty name',
    [
      ['', 'x'],
      ['a', 'b'],
    ],
    'empty_label_name',
  ],
  [
    'a name twice',
    [
      ['a', '1'],
      ['b', '2'],
      ['a', '3'],
    ],
    'duplicate_label_name',
  ],
];

for (const [what, labels, expected] of LABELS) {
  validate(`labels: ${what}`, () => {
    assert.equal(checkLabels(labels.map(([name, value]) => ({ name, value }))), expected);
  });
}

validate('an answer names the 16 most frequent reasons, the most frequent first', () => {
  const rejections = createRejections();
  REASONS.forEach((reason, i) => {
    rejections.add(reason, i + 1);
  });
  const messages = toMessages(rejections, limits);
  assert.is(messages.length, 16);
  assert.is(new Set(messages.map(({ reason }) => reason)).size, 16);
  assert.equal(
    messages.map(({ count }) => Number(count)),
    Array.from({ length: 16 }, (_, i) => REASONS.length - i),
  );
  assert.is(rejections.total(), (REASONS.length * (REASONS.length + 1)) / 2);
});

validate.run();
