import type { Metadata } from '@grpc/grpc-js';

/** The same that the header of this name is over HTTP. */
export function authorizationOf(metadata: Metadata): string | undefined {
  return metadata.get('authorization')[0]?.toString();
}
