// grpc-js itself refuses a message that is too large, before it takes memory for it. What it says
// then names no setting and carries no RetryInfo, so the words are put right on their way out.

import { ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import { grpcError } from '../../proto/index.ts';

/** Begins the library's text in both places: the message as sent, and as decompressed. */
const LIBRARY_TEXT = /^Received message (larger than max|that decompresses to a size larger)/;

/** Must know the limit that the server was given. */
export function explainOversize(messageBytes: number): ServerInterceptor {
  const text = `message is more than the ${messageBytes} bytes of ingest.limits.message`;
  return (_method, call) => {
    const sendStatus = call.sendStatus.bind(call);
    // Set on the call: its own refusals never pass through interceptors.
    call.sendStatus = (sent) => {
      const oversize = sent.code === status.RESOURCE_EXHAUSTED && LIBRARY_TEXT.test(sent.details);
      sendStatus(oversize ? grpcError('RESOURCE_EXHAUSTED', text) : sent);
    };
    return new ServerInterceptingCall(call);
  };
}
