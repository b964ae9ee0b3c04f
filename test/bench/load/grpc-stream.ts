// The cheapest gRPC client there is: an HTTP/2 stream that sends messages as they are, and counts
// the answers without decoding them.

import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';

const GRPC_HEADER_BYTES = 5;
const WINDOW_BYTES = 1024 * 1024;

export interface MessageStream {
  send(message: Buffer): void;
  end(): void;
  /** Rejects when the call ends with a status other than OK. */
  readonly finished: Promise<void>;
}

export async function openSession(address: string): Promise<ClientHttp2Session> {
  const session = connect(`http://${address}`, { settings: { initialWindowSize: WINDOW_BYTES } });
  await new Promise<void>((resolve, reject) => {
    session.once('remoteSettings', () => resolve());
    session.once('error', reject);
  });
  return session;
}

/** `onMessage` is called once for every message that comes back. */
export function openCall(
  session: ClientHttp2Session,
  path: string,
  onMessage: () => void,
): MessageStream {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  countMessages(stream, onMessage);
  const finished = new Promise<void>((resolve, reject) => {
    let status: string | undefined;
    let message = '';
    const read = (headers: { readonly [name: string]: unknown }) => {
      status ??= headers['grpc-status'] as string | undefined;
      message ||= String(headers['grpc-message'] ?? '');
    };
    stream.on('response', read);
    stream.on('trailers', read);
    stream.on('error', reject);
    stream.on('close', () => {
      if (status === '0') resolve();
      else reject(new Error(`gRPC status ${status}: ${decodeURIComponent(message)}`));
    });
  });
  return { send: (bytes) => stream.write(bytes), end: () => stream.end(), finished };
}

/** Follows the length prefixes through chunks that need not begin or end with a message. */
function countMessages(stream: ClientHttp2Stream, onMessage: () => void): void {
  const header = Buffer.alloc(GRPC_HEADER_BYTES);
  let headerBytes = 0;
  let bodyBytes = 0;
  stream.on('data', (chunk: Buffer) => {
    let offset = 0;
    while (offset < chunk.length) {
      if (bodyBytes > 0) {
        const taken = Math.min(bodyBytes, chunk.length - offset);
        bodyBytes -= taken;
        offset += taken;
        if (bodyBytes === 0) onMessage();
        continue;
      }
      header[headerBytes++] = chunk[offset++]!;
      if (headerBytes < GRPC_HEADER_BYTES) continue;
      headerBytes = 0;
      bodyBytes = header.readUInt32BE(1);
      if (bodyBytes === 0) onMessage();
    }
  });
}
