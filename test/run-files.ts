// Runs the test files that are named, by their place under this directory, in this process.

import { join } from 'node:path';
import { run } from 'uvu/run';

const here = import.meta.dirname;
await run(process.argv.slice(2).map((name) => ({ name, file: join(here, name) })));
