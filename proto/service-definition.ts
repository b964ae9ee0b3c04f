// Bridges between descriptors of @bufbuild/protobuf and what the grpc-js libraries take.

import {
  create,
  type DescFile,
  type DescMessage,
  type DescService,
  fromBinary,
  type MessageInitShape,
  toBinary,
} from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import type {
  MethodDefinition,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';

/** Replaces how messages of one method are read and written, for bytes that are handled by hand. */
export type MethodCodec = Partial<
  Pick<
    MethodDefinition<unknown, unknown>,
    'requestSerialize' | 'requestDeserialize' | 'responseSerialize' | 'responseDeserialize'
  >
>;

/**
 * A grpc-js service of `service`'s methods. Implementations and clients use either of a method's
 * names, `WriteStream` or `writeStream`; messages may be given as plain initialisers. `codecs` is
 * keyed by the former.
 */
export function serviceDefinition(
  service: DescService,
  codecs: Readonly<Record<string, MethodCodec>> = {},
): ServiceDefinition<UntypedServiceImplementation> {
  const methods = service.methods.map((method) => {
    const definition: MethodDefinition<unknown, unknown> = {
      path: `/${service.typeName}/${method.name}`,
      originalName: method.localName,
      requestStream:
        method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
      responseStream:
        method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
      requestSerialize: serializer(method.input),
      requestDeserialize: (bytes) => fromBinary(method.input, bytes),
      responseSerialize: serializer(method.output),
      responseDeserialize: (bytes) => fromBinary(method.output, bytes),
      ...codecs[method.name],
    };
    return [method.name, definition];
  });
  return Object.fromEntries(methods);
}

/** The plainest of the entries @grpc/reflection takes; it reads nothing but the files. */
interface PackageEntry {
  readonly format: 'Protocol Buffer 3 EnumDescriptorProto';
  readonly type: object;
  readonly fileDescriptorProtos: Buffer[];
}

/** The files of `services` and all they import, as @grpc/reflection takes them. */
export function reflectionPackage(services: readonly DescService[]): Record<string, PackageEntry> {
  const entries: Record<string, PackageEntry> = {};
  const visit = (file: DescFile): void => {
    const { name } = file.proto;
    if (Object.hasOwn(entries, name)) return;
    entries[name] = {
      format: 'Protocol Buffer 3 EnumDescriptorProto',
      type: {},
      fileDescriptorProtos: [Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto))],
    };
    file.dependencies.forEach(visit);
  };
  for (const service of services) visit(service.file);
  return entries;
}

function serializer(schema: DescMessage): (message: unknown) => Buffer {
  return (message) => {
    const bytes = toBinary(schema, create(schema, message as MessageInitShape<DescMessage>));
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}
