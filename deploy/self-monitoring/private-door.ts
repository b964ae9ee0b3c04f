// A gRPC listener that only this process reaches, for when the public one asks for TLS: nobody
// issued a certificate to the server as a client of its own.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GrpcServer } from '../../ingest/index.ts';

export interface PrivateDoor {
  /** As grpc-js writes the address of a Unix socket. */
  readonly address: string;
  close(): void;
}

export async function openPrivateDoor(server: GrpcServer): Promise<PrivateDoor> {
  // mkdtemp makes it with mode 0700.
  const dir = mkdtempSync(join(tmpdir(), 'varve-'));
  const address = `unix:${join(dir, 'self.sock')}`;
  await server.listen(address);
  return { address, close: () => rmSync(dir, { recursive: true, force: true }) };
}
