import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLogger } from '../../deploy/logging.ts';
import { storageLog } from '../../deploy/storage-log.ts';

const storageLogTest = suite('deploy/storage-log');

storageLogTest('trouble that goes on is told of once a minute, other trouble at once', () => {
  const lines: string[] = [];
  let nowMs = 0;
  const log = createLogger({ isTTY: false, write: (line) => void lines.push(line) });
  const { backgroundError } = storageLog(log, () => nowMs);
  for (; nowMs < 120_000; nowMs += 1000) {
    backgroundError!(new Error(`ENOSPC: data/tag-index/${100_000 + nowMs}.idx`));
  }
  assert.is(lines.length, 2);
  backgroundError!(new Error('EIO: data/CURRENT'));
  assert.is(lines.length, 3);
});

storageLogTest('each damaged place is told of', () => {
  const lines: string[] = [];
  const log = createLogger({ isTTY: false, write: (line) => void lines.push(line) });
  const { corruption } = storageLog(log, () => 0);
  for (const file of ['000001.sst', '000002.sst', '000001.sst']) corruption!(new Error(file));
  assert.is(lines.length, 2);
});

storageLogTest.run();
