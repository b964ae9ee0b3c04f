import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checksum } from '../../../storage/coding/checksum.ts';

const crc = suite('storage/coding/checksum');

crc('is the CRC-32 whose check value the catalogues give', () => {
  assert.is(checksum(Buffer.from('123456789')), 0xcbf43926);
});

crc('over parts is that over the whole', () => {
  const bytes = Buffer.from('one part and another');
  assert.is(checksum(bytes.subarray(8), checksum(bytes.subarray(0, 8))), checksum(bytes));
});

crc.run();
