// Taking the two ports, and saying in words why one cannot be had.

import { lookup } from 'node:dns/promises';
import type { ServerCredentials } from '@grpc/grpc-js';
import type { FastifyInstance } from 'fastify';
import type { GrpcServer } from '../ingest/index.ts';
import { type Address, formatAddress } from './config.ts';
import { systemReason, UserError } from './user-error.ts';

/** Resolves to the address with its real port. */
export async function listenGrpc(
  server: GrpcServer,
  { host, port }: Address,
  credentials: ServerCredentials,
): Promise<Address> {
  try {
    // grpc-js ends the process when a name has no address.
    await lookup(host);
    return { host, port: await server.listen(formatAddress({ host, port }), credentials) };
  } catch (error) {
    throw refusal('grpc', { host, port }, error);
  }
}

/** Resolves to the address with its real port. */
export async function listenHttp(app: FastifyInstance, { host, port }: Address): Promise<Address> {
  try {
    await app.listen({ host, port });
    const bound = app.server.address();
    return { host, port: typeof bound === 'object' && bound !== null ? bound.port : port };
  } catch (error) {
    throw refusal('http', { host, port }, error);
  }
}

/** Where this process itself finds a server that listens on `address`. */
export function reachable({ host, port }: Address): Address {
  const wildcards: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  return { host: wildcards[host] ?? host, port };
}

function refusal(door: 'grpc' | 'http', address: Address, error: unknown): unknown {
  // grpc-js passes on the system's code in its text only.
  const code = /\bE[A-Z_]{3,}\b/.exec(String(error))?.[0];
  if (code === undefined) return error;
  const reason = systemReason({ code, message: code });
  const message =
    `cannot listen on ${formatAddress(address)} for ${door}: ${reason}; ` +
    `choose another with --${door} HOST:PORT, port 0 for a free one`;
  return new UserError(message, 1, { cause: error });
}
