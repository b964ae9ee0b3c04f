// What answers the requests of a token with labels: rooms of its own over its part of the storage.
// Made when the token first asks, and kept: a reload that takes the token away takes the key to it.

import type { RequestListener } from 'node:http';
import type { Metadata, UntypedServiceImplementation } from '@grpc/grpc-js';
import { authorizationOf } from '../../ingest/index.ts';
import type { Labels } from '../../storage/index.ts';
import { isTenant } from './access.ts';
import { labelsOf, type Tokens } from './tokens.ts';

export interface Tenant {
  readonly listener: RequestListener;
  /** By the name of the service. */
  readonly services: Readonly<Record<string, UntypedServiceImplementation>>;
}

export interface Tenants {
  /** Undefined when the request is not a tenant's. */
  of(authorization: string | undefined): Tenant | undefined;
  /** The implementation of a service that hands the calls of tenants to theirs. */
  dispatching(
    service: string,
    implementation: UntypedServiceImplementation,
  ): UntypedServiceImplementation;
}

export function createTenants(tokens: () => Tokens, create: (labels: Labels) => Tenant): Tenants {
  const byLabels = new Map<string, Tenant>();

  function of(authorization: string | undefined): Tenant | undefined {
    const token = tokens().find(authorization);
    if (!isTenant(token)) return undefined;
    const labels = labelsOf(token);
    const key = JSON.stringify(labels);
    const known = byLabels.get(key);
    if (known !== undefined) return known;
    const made = create(labels);
    byLabels.set(key, made);
    return made;
  }

  return {
    of,
    dispatching(service, implementation) {
      const methods = Object.entries(implementation).map(([method, own]) => {
        const handle = (call: { readonly metadata: Metadata }, ...rest: unknown[]): unknown => {
          const tenant = of(authorizationOf(call.metadata));
          const handler = tenant === undefined ? own : tenant.services[service]![method]!;
          return (handler as (...given: unknown[]) => unknown)(call, ...rest);
        };
        return [method, handle];
      });
      return Object.fromEntries(methods);
    },
  };
}
