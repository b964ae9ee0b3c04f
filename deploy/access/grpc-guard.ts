// Access to the gRPC port: judged when a call's metadata is there, before any message is read.

import {
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  status,
} from '@grpc/grpc-js';
import { authorizationOf } from '../../ingest/index.ts';
import type { Refusals } from '../refusals.ts';
import { judge } from './access.ts';
import { needOfGrpc } from './rights.ts';
import type { Tokens } from './tokens.ts';

/** `tokens` is asked for each call: a reload replaces them. */
export function grpcGuard(tokens: () => Tokens, refusals: Refusals): ServerInterceptor {
  return (method, call) => {
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        const { path } = method;
        const authorization = authorizationOf(metadata);
        const verdict = judge(tokens(), authorization, needOfGrpc(path));
        if (verdict.kind === 'allowed') return next(metadata);
        refusals.count({ port: 'grpc', path, reason: verdict.reason, authorization });
        const isUnknown = verdict.kind === 'unknown';
        const code = isUnknown ? status.UNAUTHENTICATED : status.PERMISSION_DENIED;
        guarded.sendStatus({ code, details: verdict.message });
      })
      .build();
    const responder = new ResponderBuilder().withStart((next) => next(listener)).build();
    const guarded = new ServerInterceptingCall(call, responder);
    return guarded;
  };
}
