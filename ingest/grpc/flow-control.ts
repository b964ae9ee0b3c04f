// How much may be on its way to us: the parts of flow control that grpc-js gives no option for.
// Here and in http2-server.ts the inside of libraries is reached; both check what they find.

import type { Readable } from 'node:stream';
import type { Server } from '@grpc/grpc-js';
import { onHttp2Server } from './http2-server.ts';

export interface FlowWindows {
  /** Bytes a client may send on one call before it hears from us. */
  readonly streamBytes: number;
  /** The same for a whole connection. */
  readonly sessionBytes: number;
}

/**
 * Makes every connection of `server` advertise `windows`. grpc-js starts its HTTP/2 servers with
 * the protocol's 65,535 bytes whatever `grpc-node.flow_control_window` says, which over a network
 * with a round trip of 20 ms is 3 MB/s. Call it before binding.
 */
export function widenWindows(server: Server, windows: FlowWindows): void {
  onHttp2Server(server, (http2Server) => {
    http2Server.updateSettings({ initialWindowSize: windows.streamBytes });
    http2Server.on('session', (session) => session.setLocalWindowSize(windows.sessionBytes));
  });
}

/**
 * Makes a call read at most `messages` ahead of its handler. The streams of grpc-js take Node's
 * default for objects, 16, and a message can be 32 MiB.
 */
export function limitReadAhead(call: Readable, messages: number): void {
  const inside = call as unknown as { _readableState?: { highWaterMark: number } };
  if (inside._readableState !== undefined) inside._readableState.highWaterMark = messages;
  if (call.readableHighWaterMark !== messages) {
    throw new Error('this Node keeps the read-ahead of streams elsewhere: see flow-control.ts');
  }
}
