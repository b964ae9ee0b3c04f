// uvu's suite with hooks that are heard: uvu loses what its `before` throws, and what `after.each`
// throws after a test that failed, and then reports tests that did not pass and no reason.

import { inspect } from 'node:util';
import { suite as uvuSuite } from 'uvu';

type Suite<Context> = ReturnType<typeof uvuSuite<Context>>;
type Hooks<Context> = Suite<Context>['before'];
type Hook<Context> = Parameters<Hooks<Context>>[0];

/** For files that have hooks. As uvu's, but an error of a hook is said on stderr as well. */
export function suite<Context = Record<string, unknown>>(name: string): Suite<Context> {
  const inner = uvuSuite<Context>(name);
  return Object.assign(inner, {
    before: heard(inner.before, `${name}: before the tests`),
    after: heard(inner.after, `${name}: after the tests`),
  });
}

function heard<Context>(hooks: Hooks<Context>, when: string): Hooks<Context> {
  const telling = (moment: string, hook: Hook<Context>): Hook<Context> => {
    return async (context) => {
      try {
        await hook(context);
      } catch (error) {
        process.stderr.write(`\n${moment}: ${inspect(error)}\n`);
        throw error;
      }
    };
  };
  return Object.assign((hook: Hook<Context>) => hooks(telling(when, hook)), {
    each: (hook: Hook<Context>) => hooks.each(telling(`${when}, each`, hook)),
  });
}
