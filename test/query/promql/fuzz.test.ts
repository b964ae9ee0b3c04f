import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createQueryEngine, DEFAULT_LIMITS, QueryError } from '../../../query/index.ts';
import { storageWith } from '../../support/query-server.ts';

const fuzz = suite('query/promql/fuzz');
const SEED = Number(process.env['SEED'] ?? 20_260_824);

const WORDS =
  'a b_total sum by ( ) without [ ] { } , 5m 1 -2 "x" = != =~ > < bool + - * / % ^ and or ' +
  'unless on ' +
  'ignoring group_left offset @ start() end() rate topk quantile histogram_quantile ' +
  'label_replace ' +
  ": step() time() vector absent count_values fill 0x1 NaN Inf # ' ` \\ é 1e9 [5m] (a) b_total[5m]";

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.array(fc.constantFrom(...WORDS.split(' ')), { maxLength: 14 }).map((words) => words.join(' ')),
);

fuzz(`answers or refuses whatever it is given (seed ${SEED})`, async () => {
  const storage = await storageWith(30_000, 'a{x="1"} 1 2 3', 'a{x="2"} 4 NaN', 'b_total 0+1x20');
  const engine = createQueryEngine(storage, DEFAULT_LIMITS);
  await fc.assert(
    fc.asyncProperty(text, fc.boolean(), async (query, instant) => {
      try {
        if (instant) await engine.instant(query, 60_000);
        else await engine.range(query, { startMs: 0, endMs: 90_000, stepMs: 30_000 });
      } catch (error) {
        assert.ok(error instanceof QueryError, error instanceof Error ? error.stack : '');
        assert.is.not(error.kind, 'internal', error.message);
      }
    }),
    { seed: SEED, numRuns: 3000 },
  );
});

fuzz.run();
