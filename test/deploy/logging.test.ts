import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLogger } from '../../deploy/logging.ts';

const logging = suite('deploy/logging');

function logged(isTTY: boolean, write: (log: ReturnType<typeof createLogger>) => void): string {
  let text = '';
  write(createLogger({ isTTY, write: (line) => (text += line) }));
  return text;
}

logging('a file gets one JSON object a line', () => {
  const line = JSON.parse(logged(false, (log) => log.info({ points: 3 }, 'flushed')));
  assert.is(line.level, 'info');
  assert.is(line.points, 3);
  assert.is(line.msg, 'flushed');
  assert.match(line.time, /^\d{4}-\d\d-\d\dT.*Z$/);
});

logging('a terminal gets a short line', () => {
  const text = logged(true, (log) => log.warn({ policy: 'debug', why: 'two words' }, 'dropped'));
  assert.match(text, /^\d\d:\d\d:\d\d WARN {2}dropped policy=debug why="two words"\n$/);
});

logging('a terminal is spared the stack of an error', () => {
  const text = logged(true, (log) => log.error({ err: new Error('no space') }, 'flush failed'));
  assert.match(text, /ERROR flush failed err="no space"\n$/);
});

logging.run();
