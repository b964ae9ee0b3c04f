// The examples of import.md are read as it says.

import * as assert from 'uvu/assert';
import { documentText, example } from '../../support/documents.ts';
import { type DoorServer, startDoorServer } from '../../support/door-server.ts';
import { scanLines } from '../../support/events.ts';
import { suite } from '../../support/suite.ts';

const docs = suite<{ server: DoorServer }>('ingest/docs: import');

docs.before.each(async (context) => {
  context.server = await startDoorServer();
  await context.server.storage.setPolicies({ policies: [FOR_EVER], policyOf: () => 0 });
});
docs.after.each(({ server }) => server.close());

const FOR_EVER = { name: 'all', keepMs: Number.POSITIVE_INFINITY, windowMs: 7_200_000 };
const DOCUMENT = 'ingest/docs/import.md';
const MAPPING = /^`(format=1:time\S+)`$/m.exec(documentText(DOCUMENT))![1]!;
const S = 1_700_000_000_000;
const number = (value: number) => {
  return new BigUint64Array(Float64Array.of(value).buffer)[0]!;
};

const EXAMPLES: readonly (readonly [language: string, path: string, points: object])[] = [
  [
    'jsonl',
    '/api/v1/import',
    {
      up_a: [
        [0, number(1)],
        [15_000, number(-0)],
        [30_000, number(2.5e-7)],
      ],
      odd: [
        [0, 0x7ff8000000000001n],
        [1, 0x7ff0000000000002n],
        [2, 0x7ff0000000000000n],
        [3, 0xfff0000000000000n],
        [4, 0x7ff8000000000000n],
      ],
    },
  ],
  [
    'text',
    '/api/v1/import/prometheus',
    {
      'requests_total_200_/': [[S + 500, number(1027)]],
      'http.status_api': [[Date.UTC(2026, 0, 1), number(200)]],
    },
  ],
  [
    'csv',
    `/api/v1/import/csv?${MAPPING}`,
    {
      'load_a, rack 1': [
        [S, number(0.5)],
        [S + 60_000, number(0.75)],
      ],
      'temperature_a, rack 1': [[S, number(21.5)]],
    },
  ],
];
for (const [language, path, points] of EXAMPLES) {
  docs(`the ${language} example is what it says`, async ({ server }) => {
    const body = example(DOCUMENT, language);
    const response = await fetch(server.http + path, { method: 'POST', body });
    assert.is(response.status, 200, await response.text());
    const found = [...server.storage.contents()].map(([key, stored]) => {
      const labels = JSON.parse(key) as { value: string }[];
      return [labels.map(({ value }) => value).join('_'), stored];
    });
    assert.equal(Object.fromEntries(found), points);
  });
}

docs('the example of events is what it says', async ({ server }) => {
  const body = example(DOCUMENT, 'jsonlines');
  const response = await fetch(`${server.http}/api/v1/import`, { method: 'POST', body });
  assert.is(response.status, 200, await response.text());
  const stream = '[{"name":"level","value":"warn"},{"name":"service","value":"api"}]';
  assert.equal(await scanLines(server.storage), [
    `[${stream},1767225600000,7,"GET /a",[{"name":"trace","value":"0a"}]]`,
    `[${stream},1767225600000,8,"ÿ",[]]`,
  ]);
});

docs('the answer is the one of a bad line', async ({ server }) => {
  const body = 'a 1\nb x\nc 1\n';
  const path = '/api/v1/import/prometheus';
  const response = await fetch(server.http + path, { method: 'POST', body });
  assert.is(response.status, 400);
  assert.equal(await response.json(), JSON.parse(example(DOCUMENT, 'json')));
});

docs.run();
