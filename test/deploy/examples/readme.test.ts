import { readFileSync } from 'node:fs';
import { fromJsonString } from '@bufbuild/protobuf';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WriteRequestSchema } from '../../../proto/index.ts';

const readme = suite('deploy/examples/readme');

readme('the message in the grpcurl example is one that Write takes', () => {
  const text = readFileSync('deploy/examples/README.md', 'utf8');
  const [, json] = /grpcurl -plaintext -d '(\{[\s\S]*?\})' 127/.exec(text)!;
  const filledIn = json!.replace(`'"$(date +%s)000"'`, '1700000000000');
  const { series } = fromJsonString(WriteRequestSchema, filledIn);
  assert.equal(series[0]?.timestampsMs, [1_700_000_000_000n]);
  assert.equal(series[0]?.values, [21.5]);
  assert.is(series[0]?.labels.length, 2);
});

readme.run();
