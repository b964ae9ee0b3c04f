import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesAt } from '../../../storage/coding/byte-column.ts';
import { EventBuffer, sortEvents } from '../../../storage/events/event-columns.ts';
import { mergeEvents, runCursor } from '../../../storage/events/merge.ts';

const merge = suite('storage/events/merge');

const SEED = 20_261_122;

type TestEvent = readonly [id: number, timestampMs: number, nanos: number, body: string];

/** Few enough of each that runs meet in all of it. */
const event = fc.tuple(
  fc.integer({ min: 1, max: 3 }),
  fc.nat(3),
  fc.nat(1),
  fc.constantFrom('', 'a', 'b', 'ab'),
);

/** The events of one place, which it says in their attributes. */
function runOf(events: readonly TestEvent[], place: number) {
  const buffer = new EventBuffer();
  for (const [id, timestampMs, nanos, body] of events) {
    buffer.add(id, timestampMs, nanos, Buffer.from(body), Buffer.of(place));
  }
  const columns = buffer.columns();
  return { columns, positions: sortEvents(columns, Uint32Array.from(columns.ids.keys())) };
}

function compare(a: TestEvent, b: TestEvent): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || Buffer.from(a[3]).compare(Buffer.from(b[3]));
}

merge('every event comes once and in order, from the first place that has it', () => {
  fc.assert(
    fc.property(fc.array(fc.array(event, { maxLength: 20 }), { maxLength: 12 }), (places) => {
      const found: [event: TestEvent, place: number][] = [];
      const runs = places.map(runOf);
      mergeEvents(runs.map(runCursor), ({ ids, timestampsMs, nanos, bodies, attributes }, i) => {
        const body = Buffer.from(bytesAt(bodies, i)).toString();
        found.push([[ids[i]!, timestampsMs[i]!, nanos[i]!, body], bytesAt(attributes, i)[0]!]);
      });
      const first = new Map<string, number>();
      for (const [place, events] of places.entries()) {
        for (const one of events) {
          const key = JSON.stringify(one);
          if (!first.has(key)) first.set(key, place);
        }
      }
      const want = [...first].map(([key, place]) => [JSON.parse(key) as TestEvent, place] as const);
      assert.equal(
        found,
        want.sort(([a], [b]) => compare(a, b)).map((one) => [...one]),
      );
    }),
    { seed: SEED, numRuns: 500 },
  );
});

merge.run();
