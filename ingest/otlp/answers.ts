// How OTLP over HTTP is answered: in the encoding of the request, protobuf or JSON.

import {
  create,
  type DescMessage,
  type MessageShape,
  toBinary,
  toJsonString,
} from '@bufbuild/protobuf';
import { RpcStatusSchema, statusOf } from '../../proto/index.ts';
import type { HttpAnswer, HttpRequest, Refusal } from '../http/http-door.ts';

const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';

export const OTLP_CONTENT_TYPES: readonly string[] = [PROTOBUF, JSON_TYPE];

/** An error as google.rpc.Status, in the encoding of the request. */
export function refuseOtlp(
  { code, message }: Refusal,
  request: Pick<HttpRequest, 'headers'>,
): Omit<HttpAnswer, 'status'> {
  const status = create(RpcStatusSchema, { code: statusOf(code).grpc, message });
  return encoded(RpcStatusSchema, status, isJsonRequest(request));
}

/** What is neither is answered in JSON, for people who try with curl. */
export function isJsonRequest({ headers }: Pick<HttpRequest, 'headers'>): boolean {
  return !headers['content-type']?.toLowerCase().startsWith(PROTOBUF);
}

export function encoded<Schema extends DescMessage>(
  schema: Schema,
  message: MessageShape<Schema>,
  isJson: boolean,
): Omit<HttpAnswer, 'status'> {
  // As bytes also the JSON: to text a charset would be added, which the protocol does not have.
  const body = isJson ? Buffer.from(toJsonString(schema, message)) : toBinary(schema, message);
  return { headers: { 'content-type': isJson ? JSON_TYPE : PROTOBUF }, body };
}
