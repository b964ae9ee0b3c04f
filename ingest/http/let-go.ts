// Memory of bodies that is given back at once. Left to the collector it waits, and as it is not on
// V8's heap, a few MiB of it call for a full collection each: that was a third of what remote write
// cost (test/bench/doors.bench.ts measures the whole).

import { MessageChannel } from 'node:worker_threads';

/** Less is not worth the call, and is cheap to collect. */
const BYTES_MIN = 16 * 1024;

/** A transfer to a port that is closed ends with the memory freed, as it has no new owner. */
const { port1: nowhere } = new MessageChannel();
nowhere.close();

/**
 * Frees what `bytes` lie in. Nobody may look at it any more: whatever is a view of it is empty from
 * now on. Bytes that share their memory with others are left to the collector.
 */
export function letGo({ buffer, byteLength }: Buffer): void {
  if (byteLength < BYTES_MIN || byteLength !== buffer.byteLength) return;
  nowhere.postMessage(undefined, [buffer as ArrayBuffer]);
}
