// grpc-js itself refuses a message that is too large, before it takes memory for it. What it says
// then names no setting and carries no RetryInfo, so the words are put right on their way out.

import {
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  status,
} from '@grpc/grpc-js';
import { grpcError } from '../../proto/index.ts';
import { authorizationOf } from './authorization.ts';

/** Begins the library's text in both places: the message as sent, and as decompressed. */
const LIBRARY_TEXT = /^Received message (larger than max|that decompresses to a size larger)/;

/** Told of the method, as /SERVICE/METHOD, and of what the call shows. */
export type OnOversize = (path: string, authorization: string | undefined) => void;

/** Must know the limit that the server was given. */
export function explainOversize(messageBytes: number, onOversize: OnOversize): ServerInterceptor {
  const text = `message is more than the ${messageBytes} bytes of ingest.limits.message`;
  return ({ path }, call) => {
    let authorization: string | undefined;
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        authorization = authorizationOf(metadata);
        next(metadata);
      })
      .build();
    const responder = new ResponderBuilder().withStart((next) => next(listener)).build();
    const sendStatus = call.sendStatus.bind(call);
    // Set on the call: its own refusals never pass through interceptors.
    call.sendStatus = (sent) => {
      const oversize = sent.code === status.RESOURCE_EXHAUSTED && LIBRARY_TEXT.test(sent.details);
      if (oversize) onOversize(path, authorization);
      sendStatus(oversize ? grpcError('RESOURCE_EXHAUSTED', text) : sent);
    };
    return new ServerInterceptingCall(call, responder);
  };
}
