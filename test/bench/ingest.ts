// How many points a second come in over gRPC: through bare grpc-js, the ceiling, and through the
// ingest room, both without a storage behind them. The client has the other core.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const seconds = process.argv[2] ?? '5';

for (const mode of ['bare', 'discard']) {
  await measure(mode, ['--method', 'stream']);
  await measure(mode, ['--method', 'unary', '--series', '5000', '--in-flight', '2']);
}

async function measure(mode: string, flags: readonly string[]): Promise<void> {
  const server = run('ingest-server.js', [mode]);
  const [, address] = (await firstLine(server)).split(' ');
  const pid = String(server.pid);
  const client = run('ingest-client.js', [address!, '--seconds', seconds, '--pid', pid, ...flags]);
  console.log(`${mode.padEnd(8)}${await firstLine(client)}`);
  server.kill();
  await once(server, 'exit');
}

function run(file: string, flags: readonly string[]): ChildProcess {
  return spawn(process.execPath, [join(here, file), ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [line] = await once(createInterface({ input: child.stdout! }), 'line');
  return line as string;
}
