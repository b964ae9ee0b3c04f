// Health and reflection, loaded by the first call to either: protobufjs comes with them, nearly a
// fifth of what a start costs, and most servers never meet who asks.

import {
  type MethodDefinition,
  type Server,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import type { ReflectionService } from '@grpc/reflection';

/** What is served, and how: none of it is in a definition until that is loaded. */
const METHODS = {
  '/grpc.health.v1.Health/Check': 'unary',
  '/grpc.health.v1.Health/List': 'unary',
  '/grpc.health.v1.Health/Watch': 'serverStream',
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo': 'bidi',
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo': 'bidi',
} as const;

type Call =
  | ServerUnaryCall<unknown, unknown>
  | ServerWritableStream<unknown, unknown>
  | ServerDuplexStream<unknown, unknown>;
type Answer = (error: { code: status; details: string }) => void;

interface LoadedMethod {
  readonly definition: MethodDefinition<unknown, unknown>;
  readonly handle: (call: Call, answer?: Answer) => void;
}

export interface LateServices {
  /** What health says of a service from now on; '' stands for the server. */
  setServing(name: string, serving: boolean): void;
}

/** `describe` is asked for what reflection tells, once. */
export function addLateServices(
  server: Server,
  describe: () => ConstructorParameters<typeof ReflectionService>[0],
): LateServices {
  const statuses = new Map<string, 'SERVING' | 'NOT_SERVING'>();
  let tell: (name: string, serving: 'SERVING' | 'NOT_SERVING') => void = (name, serving) => {
    statuses.set(name, serving);
  };
  let loading: Promise<ReadonlyMap<string, LoadedMethod>> | undefined;
  let loaded: ReadonlyMap<string, LoadedMethod> = new Map();

  async function load(): Promise<ReadonlyMap<string, LoadedMethod>> {
    const { HealthImplementation } = await import('grpc-health-check');
    const { ReflectionService } = await import('@grpc/reflection');
    const methods = new Map<string, LoadedMethod>();
    const target: Pick<Server, 'addService'> = {
      addService(service, implementation) {
        for (const [name, definition] of Object.entries(service)) {
          const handle = implementation[name] ?? implementation[definition.originalName ?? ''];
          methods.set(definition.path, { definition, handle: handle as LoadedMethod['handle'] });
        }
      },
    };
    const health = new HealthImplementation(Object.fromEntries(statuses));
    health.addToServer(target as Server);
    new ReflectionService(describe()).addToServer(target as Server);
    tell = (name, serving) => health.setStatus(name, serving);
    loaded = methods;
    return methods;
  }

  async function serve(path: string, call: Call, answer?: Answer): Promise<void> {
    try {
      loading ??= load();
      const { definition, handle } = (await loading).get(path)!;
      if (call.cancelled) return;
      if ('request' in call) call.request = definition.requestDeserialize(call.request as Buffer);
      handle(call, answer);
    } catch (thrown) {
      const error = { code: status.INTERNAL, details: String(thrown) };
      if (answer !== undefined) answer(error);
      else call.emit('error', error);
    }
  }

  for (const [path, kind] of Object.entries(METHODS)) {
    const definition = () => loaded.get(path)!.definition;
    server.register(
      path,
      ((call: Call, answer?: Answer) => void serve(path, call, answer)) as UntypedHandleCall,
      (message) => definition().responseSerialize(message),
      // Messages of a stream are read once somebody listens, a single one ahead of its handler.
      (bytes) => (kind === 'bidi' ? definition().requestDeserialize(bytes) : bytes),
      kind,
    );
  }
  return { setServing: (name, serving) => tell(name, serving ? 'SERVING' : 'NOT_SERVING') };
}
