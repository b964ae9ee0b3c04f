// The figures that are told of files and directories that the engine wrote.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { filesBelow, writeSamples } from '../../support/data-directory.ts';
import { linesOf, textOf } from '../../support/inspected.ts';

const figures = suite('storage/inspect/figures');

const samples = await writeSamples();

/** Facts that each kind of file tells, in order; whatever is between them. */
const FACTS: Readonly<Record<string, readonly RegExp[]>> = {
  wal: [
    /: WAL segment, [\d,.]+ \w+/,
    /header: version 1, number \d+, marker [\da-f]+/,
    /series: \d+ records? with \d+ new series/,
    /points: \d+ records? with \d+ points, [\d.]+ B\/point/,
    /time: 20\d\d-\d\d-\d\dT[\d:.]+Z \.\. 20/,
    /series ids: \d+ \.\. \d+/,
  ],
  table: [
    /: SSTable, /,
    /policy \d+, window .+Z up to .+Z \(excluded\)/,
    /\d+ points of \d+ series, [\d.]+ B\/point, [\d.]+x/,
    /series ids: \d+ \.\. \d+/,
    /time: 20.+ \.\. 20.+/,
    /bloom filter: .* bits a series, \d+ probes?, [\d.]+% false positives/,
    /series set: \d+ B/,
    /block index: \d+ B, \d+ blocks?/,
    /block 0 at byte 8: .* points?, [\d.]+x, series \d+ \.\. \d+, time 20.+/,
  ],
  index: [
    /: tag index table, /,
    /\d+ records in \d+ blocks?/,
    /first key: /,
    /last key: /,
    /series ids: \d+ \.\. \d+/,
    /bloom filter: /,
    /records from labels to series: \d+/,
    /records from series to labels: \d+/,
    /records from a label to series: \d+/,
    /tombstones among them: \d+/,
  ],
  manifest: [
    /: manifest, /,
    /header: version 1, number \d+/,
    /edit 1 at byte 40: WAL from segment 1; next file 1; next series 1; closed/,
    /edit 2 at byte \d+: policy 1 "dev"; policy 2 "default"; opened/,
    /edit 3 at byte \d+: adds 6 tables \([\d ]+\); adds 1 index table \(\d+\); WAL from segment 2/,
    /edit 4 at byte \d+: adds .*; next file \d+/,
    /edit \d+ at byte \d+: adds tombstone \d+ over 10 series from 2026.+Z up to 2026.+Z; next file/,
    /state: \d+ tables of .* points, [\d.]+ B\/point; \d+ index tables/,
    /state: policy 1 "dev", kept for 1h in windows of 1h/,
    /state: policy 2 "default", kept for ever in windows of 2h/,
    /state: tombstone \d+ over 10 series from 2026.+Z up to 2026.+Z/,
    /state: WAL from segment \d+, next file \d+, next series \d+, closed cleanly/,
  ],
};
for (const [kind, facts] of Object.entries(FACTS)) {
  figures(`of a file of kind ${kind} it tells the figures`, async () => {
    const wanted = kind === 'wal' ? 'killed' : 'closed';
    const { fs } = samples.find(({ name }) => name === wanted)!;
    const { path } = (await filesBelow('data', fs)).find((file) => file.kind === kind)!;
    assertInOrder(textOf(await linesOf(fs, path, false)), facts);
  });
}

figures('keys of the tag index are told as what they stand for', async () => {
  const { fs } = samples[0]!;
  const tables = (await filesBelow('data', fs)).filter(({ kind }) => kind === 'index');
  const lines = await Promise.all(tables.map(({ path }) => linesOf(fs, path, false)));
  const text = textOf(lines.flat());
  assert.match(text, /key: labels \{__name__="metric", series="series-\d+"\}$/m);
  assert.match(text, /key: series \d+$/m);
  assert.match(text, /key: series="series-\d+", container 0$/m);
});

figures('of a directory it tells the figures', async () => {
  const { fs } = samples.find(({ name }) => name === 'closed')!;
  assertInOrder(textOf(await linesOf(fs, 'data', false)), [
    /^data: data directory, closed cleanly/,
    /live manifest: data\/manifest\/\d+\.manifest/,
    /policy 1 "dev", kept for 1h in windows of 1h: \d+ windows, \d+ tables, [\d,]+ points/,
    / {2}window 20.+Z up to 20.+Z: \d+ tables?, [\d,]+ points?, .*, [\d.]+ B\/point/,
    /policy 2 "default", kept for ever in windows of 2h: /,
    /tombstone \d+ over 10 series from 2026.+Z up to 2026.+Z: hidden in tables before it/,
    /tag index level \d: \d+ tables?, /,
    /WAL from segment \d+ on: 0 segments, 0 B/,
  ]);
  const { fs: killed } = samples.find(({ name }) => name === 'killed')!;
  const text = textOf(await linesOf(killed, 'data', false));
  assertInOrder(text, [/in use, or not closed cleanly/, /WAL from segment \d+ on: 2 segments, /]);
});

function assertInOrder(text: string, facts: readonly RegExp[]): void {
  let from = 0;
  for (const wanted of facts) {
    const found = wanted.exec(text.slice(from));
    assert.ok(found !== null, `${wanted} after byte ${from} of\n${text}`);
    from += found!.index + found![0].length;
  }
}

figures.run();
