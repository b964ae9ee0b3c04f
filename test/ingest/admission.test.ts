import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createAdmission } from '../../ingest/admission.ts';
import type { IngestError } from '../../ingest/errors.ts';
import { DEFAULT_LIMITS } from '../../ingest/limits.ts';
import { ANYBODY, NO_LIMITS } from '../../ingest/sender.ts';

const admission = suite('ingest/admission');

admission('over time exactly the rate is let in, in batches of any size', () => {
  let nowMs = 0;
  const limits = { ...DEFAULT_LIMITS, pointsPerSecond: 1000 };
  const gate = createAdmission(() => nowMs);
  let taken = 0;
  for (; nowMs < 100_000; nowMs += 10) {
    try {
      gate.takePoints(2500, limits, ANYBODY);
      taken += 2500;
    } catch (error) {
      assert.is((error as IngestError).code, 'RESOURCE_EXHAUSTED');
    }
  }
  assert.ok(Math.abs(taken - 100_000) <= 3500, `${taken} points in 100 s`);
});

admission('the wait it asks for is the wait it needs', () => {
  let nowMs = 0;
  const limits = { ...DEFAULT_LIMITS, pointsPerSecond: 100 };
  const gate = createAdmission(() => nowMs);
  gate.takePoints(150, limits, ANYBODY);
  try {
    gate.takePoints(1, limits, ANYBODY);
    assert.unreachable('let in');
  } catch (error) {
    assert.is((error as IngestError).retryDelayMs, 500);
  }
  nowMs = 499;
  assert.throws(() => gate.takePoints(1, limits, ANYBODY), /points_per_second/);
  nowMs = 500;
  gate.takePoints(1, limits, ANYBODY);
});

admission('each sender has a rate of its own, beside that of all', () => {
  let nowMs = 0;
  const limits = { ...DEFAULT_LIMITS, pointsPerSecond: 1000 };
  const gate = createAdmission(() => nowMs);
  const sender = (name: string, pointsPerSecond: number) => ({
    ...{ name, labels: [] },
    limits: () => ({ ...NO_LIMITS, pointsPerSecond }),
  });
  const [slow, other] = [sender('slow', 10), sender('other', Number.POSITIVE_INFINITY)];
  gate.takePoints(50, limits, slow);
  assert.throws(() => gate.takePoints(1, limits, slow), /10 points per second .*token slow/);
  gate.takePoints(900, limits, other);
  // Both are met: what the one refuses is not taken from the other.
  gate.takePoints(100, limits, other);
  assert.throws(() => gate.takePoints(1, limits, other), /ingest\.limits\.points_per_second/);
  nowMs = 4_000;
  gate.takePoints(1, limits, slow);
});

admission('one request is always let in, more only while there is room', () => {
  const limits = { ...DEFAULT_LIMITS, requestBytes: 100 };
  const gate = createAdmission(() => 0);
  gate.enter(150, limits);
  assert.not.ok(gate.hasRoom(limits));
  assert.throws(() => gate.enter(1, limits), /150 bytes of requests are under way/);
  gate.leave(150);
  assert.ok(gate.hasRoom(limits));
  gate.enter(60, limits);
  assert.throws(() => gate.enter(60, limits), /under way/);
  gate.enter(40, limits);
});

admission.run();
