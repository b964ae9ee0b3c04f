import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  IngestService,
  QueryService,
  reflectionPackage,
  serviceDefinition,
} from '../../proto/index.ts';

const definition = suite('proto/service-definition');

definition('paths and kinds are those of the .proto', () => {
  const { QueryInstant, ScanRange } = serviceDefinition(QueryService);
  assert.is(QueryInstant?.path, '/varve.v1.QueryService/QueryInstant');
  assert.equal([QueryInstant?.requestStream, QueryInstant?.responseStream], [false, false]);
  assert.equal([ScanRange?.requestStream, ScanRange?.responseStream], [false, true]);
  const { WriteStream } = serviceDefinition(IngestService);
  assert.equal([WriteStream?.requestStream, WriteStream?.responseStream], [true, true]);
});

definition('messages go there and back', () => {
  const { Write } = serviceDefinition(IngestService);
  const bytes = Write!.requestSerialize({ sequence: 3n, columns: { refs: [1] } });
  assert.ok(Buffer.isBuffer(bytes));
  assert.equal(Write!.requestDeserialize(bytes).columns.refs, [1]);
});

definition('a codec replaces one side of one method', () => {
  const asIs = (bytes: Buffer) => bytes;
  const methods = serviceDefinition(IngestService, { Write: { requestDeserialize: asIs } });
  const bytes = Buffer.from('anything');
  assert.is(methods['Write']!.requestDeserialize(bytes), bytes);
  assert.throws(() => methods['WriteStream']!.requestDeserialize(bytes));
});

definition('reflection gets every file once, imports included', () => {
  const files = Object.values(reflectionPackage([QueryService, IngestService])).map((entry) =>
    fromBinary(FileDescriptorProtoSchema, entry.fileDescriptorProtos[0]!),
  );
  assert.equal(
    files.map(({ name }) => name),
    ['varve/v1/query.proto', 'varve/v1/ingest.proto'],
  );
});

definition.run();
