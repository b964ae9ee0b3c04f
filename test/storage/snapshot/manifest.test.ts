import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CorruptionError } from '../../../storage/index.ts';
import {
  decodeSnapshotManifest,
  encodeSnapshotManifest,
} from '../../../storage/snapshot/manifest.ts';
import { flipBit } from '../../support/damage.ts';

const manifests = suite('storage/snapshot/manifest');

const FILE = { path: 'windows/1/0_7200000/000012.sst', size: 4096, sha256: 'ab'.repeat(32) };

function mistake(bytes: Uint8Array): CorruptionError {
  try {
    decodeSnapshotManifest(bytes, 'SNAPSHOT');
  } catch (error) {
    assert.instance(error, CorruptionError);
    return error as CorruptionError;
  }
  throw new Error('it was read');
}

const edited = (text: string, by: string): Uint8Array => {
  const whole = new TextDecoder().decode(encodeSnapshotManifest({ createdMs: 5, files: [FILE] }));
  assert.ok(whole.includes(text));
  return new TextEncoder().encode(whole.replace(text, by));
};

manifests('what is written is read again', () => {
  const manifest = { createdMs: 1.7e12, files: [FILE, { ...FILE, path: 'CURRENT' }] };
  assert.equal(decodeSnapshotManifest(encodeSnapshotManifest(manifest), 'SNAPSHOT'), manifest);
});

manifests('a flipped bit in any byte, and any end that is cut off, is found', () => {
  const whole = encodeSnapshotManifest({ createdMs: 5, files: [FILE] });
  for (let at = 0; at < whole.length; at++) {
    mistake(flipBit(whole.slice(), at, at % 8));
    mistake(whole.subarray(0, at));
  }
});

manifests('a later version is said to be one', () => {
  assert.ok(mistake(edited('"version": 1', '"version": 2')).isOtherVersion);
});

manifests('what is not JSON, or JSON of something else, is damage', () => {
  for (const text of ['', 'x', 'null', '[]', '{}', '{"files":[null]}', '{"files":{}}']) {
    mistake(new TextEncoder().encode(text));
  }
});

manifests('a file outside of the directory is refused, whatever its checksum says', () => {
  for (const path of ['../a', '/etc/passwd', 'a/../../b', '.', 'a//b', 'a\\..\\b', '', '.hidden']) {
    const bytes = encodeSnapshotManifest({ createdMs: 5, files: [{ ...FILE, path }] });
    assert.match(mistake(bytes).message, 'names a file outside');
  }
});

manifests.run();
