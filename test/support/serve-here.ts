// `varve serve` in this process, on the naive engine, with the table of what it answers: every
// route that its HTTP app was given and every method that its gRPC server was, whoever did it.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Server } from '@grpc/grpc-js';
import type { FastifyInstance } from 'fastify';
import type { World } from '../../deploy/commands/world.ts';
import { runIn } from './run-here.ts';
import type { Finished } from './varve-process.ts';

export interface ServedHere {
  /** HOST:PORT */
  readonly grpc: string;
  /** http://HOST:PORT */
  readonly http: string;
  /** Patterns, `/api/v1/label/:name/values`, by method. */
  readonly routes: readonly { readonly method: string; readonly url: string }[];
  /** /SERVICE/METHOD */
  readonly methods: readonly string[];
  stop(): Promise<void>;
}

/** Rejects with what it said when it does not come up. */
export async function serveHere(...args: string[]): Promise<ServedHere> {
  const table = watchTable();
  const ports = ['--grpc', '127.0.0.1:0', '--http', '127.0.0.1:0'];
  let terminate = () => {};
  let finished: Promise<Finished> | undefined;
  try {
    const ready = await new Promise<string>((resolve, reject) => {
      const onSignal: World['onSignal'] = (signal, callback) => {
        if (signal === 'SIGTERM') terminate = callback;
        return () => {};
      };
      // Nothing but the line that says it is ready.
      const stdout = { write: (text: string | Uint8Array) => resolve(text.toString()) };
      finished = runIn({ onSignal, stdout }, 'serve', ...ports, ...args);
      finished.then(
        ({ code, stderr }) => reject(new Error(`it ended, ${code}: ${stderr}`)),
        reject,
      );
    });
    const [, grpc, http] = /^varve ready grpc=(\S+) http=(\S+) data=/.exec(ready)!;
    return {
      grpc: grpc!,
      http: `http://${http}`,
      ...table,
      async stop() {
        terminate();
        await finished;
      },
    };
  } finally {
    table.release();
  }
}

/** Fills its lists until it is released. */
function watchTable() {
  const routes: { method: string; url: string }[] = [];
  const methods: string[] = [];
  const onApp = (message: unknown) => {
    const { fastify } = message as { readonly fastify: FastifyInstance };
    fastify.addHook('onRoute', ({ method, url }) => {
      for (const one of [method].flat()) routes.push({ method: one, url });
    });
  };
  const { register } = Server.prototype;
  subscribe('fastify.initialization', onApp);
  Server.prototype.register = function (this: Server, ...given: Parameters<typeof register>) {
    methods.push(given[0]);
    return register.apply(this, given);
  } as typeof register;
  return {
    routes,
    methods,
    release() {
      unsubscribe('fastify.initialization', onApp);
      Server.prototype.register = register;
    },
  };
}
