// The gRPC server all services share: flow control, message limits, reflection and health.

import type { SecureContextOptions, Server as SecureServer } from 'node:tls';
import type { DescService } from '@bufbuild/protobuf';
import {
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerInterceptor,
  setLogVerbosity,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { type MethodCodec, reflectionPackage, serviceDefinition } from '../../proto/index.ts';
import { LINGER_MS, trackConnections } from './connections.ts';
import { type FlowWindows, widenWindows } from './flow-control.ts';
import { onHttp2Server } from './http2-server.ts';
import { addLateServices, type LateServices } from './late-services.ts';
import { explainOversize, type OnOversize } from './oversize.ts';

const MIB = 1024 * 1024;
/** A call that waits for its turn in one connection costs memory; a client opens another one. */
const CONCURRENT_CALLS_MAX = 1000;
const KEEPALIVE_INTERVAL_MS = 60_000;
const IDLE_MS = 600_000;

export interface GrpcServerOptions {
  /** Largest message taken, bytes; a larger one is RESOURCE_EXHAUSTED. Default 32 MiB. */
  readonly messageBytes?: number;
  /** Default 4 MiB a call and 16 MiB a connection: 100 MB/s at 40 ms of round trip. */
  readonly windows?: FlowWindows;
  /** A connection without a call is let go after this, ms; clients open another. 10 min. */
  readonly idleMs?: number;
  /** Asked of every call, in this order. */
  readonly interceptors?: readonly ServerInterceptor[];
  /** Told of calls that are refused for a message over `messageBytes`. */
  readonly onOversize?: OnOversize;
}

export interface GrpcServer {
  /** Before `listen`. `codecs`: see serviceDefinition. */
  addService(
    service: DescService,
    implementation: UntypedServiceImplementation,
    codecs?: Readonly<Record<string, MethodCodec>>,
  ): void;
  /** Listens on HOST:PORT, 0 for any free port, and resolves with the port. May be called twice. */
  listen(address: string, credentials?: ServerCredentials): Promise<number>;
  /** New connections get these certificates, where there were some before. */
  setSecureContext(context: SecureContextOptions): void;
  /** What grpc.health.v1 says of every service; SERVING from `listen` on. */
  setServing(serving: boolean): void;
  /** Stops listening and waits for calls under way; those left after `graceMs` are cut off. */
  close(graceMs: number): Promise<void>;
}

export function createGrpcServer(options: GrpcServerOptions = {}): GrpcServer {
  // The library would print what it also reports to us, an address in use for one.
  setLogVerbosity(logVerbosity.NONE);
  const messageBytes = options.messageBytes ?? 32 * MIB;
  const server = new Server({
    'grpc.max_receive_message_length': messageBytes,
    interceptors: [
      explainOversize(messageBytes, options.onOversize ?? (() => {})),
      ...(options.interceptors ?? []),
    ],
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': CONCURRENT_CALLS_MAX,
    // A peer that vanished without a word is noticed, and its streams are let go.
    'grpc.keepalive_time_ms': KEEPALIVE_INTERVAL_MS,
    'grpc.max_connection_idle_ms': options.idleMs ?? IDLE_MS,
    'grpc.enable_channelz': 0,
  });
  widenWindows(server, options.windows ?? { streamBytes: 4 * MIB, sessionBytes: 16 * MIB });
  const connections = trackConnections(server);
  const secure = new Set<SecureServer>();
  onHttp2Server(server, (http2Server) => {
    if ('setSecureContext' in http2Server) secure.add(http2Server as unknown as SecureServer);
  });
  const services: DescService[] = [];
  const addresses: string[] = [];
  let late: LateServices | undefined;

  function setServing(serving: boolean): void {
    for (const name of ['', ...services.map(({ typeName }) => typeName)]) {
      late?.setServing(name, serving);
    }
  }

  /** Reflection describes the services there are, so it comes last. */
  function publish(): void {
    if (late !== undefined) return;
    late = addLateServices(server, () => reflectionPackage(services));
    setServing(true);
  }

  return {
    addService(service, implementation, codecs) {
      services.push(service);
      server.addService(serviceDefinition(service, codecs), implementation);
    },
    listen(address, credentials = ServerCredentials.createInsecure()) {
      publish();
      return new Promise((resolve, reject) => {
        server.bindAsync(address, credentials, (error, port) => {
          if (error !== null) {
            reject(error);
            return;
          }
          addresses.push(`${address.slice(0, address.lastIndexOf(':'))}:${port}`);
          resolve(port);
        });
      });
    },
    setSecureContext(context) {
      for (const one of secure) one.setSecureContext(context);
    },
    setServing,
    close(graceMs) {
      setServing(false);
      for (const address of addresses) server.drain(address, graceMs);
      const timer = setTimeout(() => connections.cutOff(), graceMs + LINGER_MS);
      return new Promise((resolve) => {
        server.tryShutdown(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    },
  };
}
