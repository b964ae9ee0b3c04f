// How a connection ends. Node's HTTP/2 says goodbye, closes its half, and waits for the client to
// close the other one for ever: a client that is suspended, idle or gone would keep the server from
// stopping.

import type { Socket } from 'node:net';
import type { Server } from '@grpc/grpc-js';
import { onHttp2Server } from './http2-server.ts';

/** What a client has to close its half in, ms. By then everything of ours has left. */
export const LINGER_MS = 500;

export interface Connections {
  /** Ends those that are left, with whatever is under way on them. */
  cutOff(): void;
}

/** Call it before binding. */
export function trackConnections(server: Server): Connections {
  const open = new Set<Socket>();
  onHttp2Server(server, (http2Server) => {
    http2Server.on('connection', (socket: Socket) => {
      let linger: NodeJS.Timeout | undefined;
      open.add(socket);
      socket.once('finish', () => {
        linger = setTimeout(() => socket.destroy(), LINGER_MS);
      });
      socket.once('close', () => {
        clearTimeout(linger);
        open.delete(socket);
      });
    });
  });
  return {
    cutOff() {
      for (const socket of open) socket.destroy();
    },
  };
}
