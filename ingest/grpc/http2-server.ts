// The HTTP/2 servers that grpc-js makes inside: the library hands them to nobody.

import type { Http2Server } from 'node:http2';
import type { Server, ServerCredentials } from '@grpc/grpc-js';

/** Calls back with each HTTP/2 server of `server` before it listens. Call it before binding. */
export function onHttp2Server(server: Server, customize: (http2Server: Http2Server) => void): void {
  const inside = server as unknown as {
    createHttp2Server?: (credentials: ServerCredentials) => Http2Server;
  };
  const create = inside.createHttp2Server;
  if (typeof create !== 'function') {
    throw new Error('this @grpc/grpc-js makes its HTTP/2 servers elsewhere: see http2-server.ts');
  }
  inside.createHttp2Server = (credentials) => {
    const http2Server = create.call(server, credentials);
    customize(http2Server);
    return http2Server;
  };
}
