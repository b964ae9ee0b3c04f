// What the handlers of the HTTP API are given, and what they answer.

import type { Cardinality, MetadataStore, Storage } from '../../storage/index.ts';
import type { Catalog } from '../catalog.ts';
import type { QueryEngine } from '../engine.ts';
import type { QueryLimits } from '../limits.ts';
import type { QueryMetrics } from '../metrics.ts';
import { remarksJson } from './json.ts';

export interface RouteContext {
  readonly engine: QueryEngine;
  readonly catalog: Catalog;
  readonly limits: QueryLimits;
  readonly metrics: QueryMetrics;
  readonly storage: Pick<Storage, 'scan' | 'stats' | 'windows' | 'findEvents' | 'scanEvents'>;
  readonly metadata: Pick<MetadataStore, 'get' | 'entries'>;
  /** Of the index as it was a moment ago. */
  cardinality(): Promise<Cardinality>;
  nowMs(): number;
  /** What the build is called, for `status/buildinfo`. */
  readonly version: string;
  /** Told of errors that are ours. */
  onError(error: unknown): void;
}

/** What a handler is given of a request. */
export interface Query {
  readonly parameters: URLSearchParams;
  readonly path: string;
  /** Who asks: the address of the peer. */
  readonly client: string;
  /** Aborted when the client goes away before it has its answer. */
  readonly signal: AbortSignal;
}

/** The whole body, or its pieces, made as fast as they are read. */
export type Answer = string | Iterable<string | Uint8Array> | AsyncIterable<string>;

export type Handler = (context: RouteContext, query: Query) => Promise<Answer> | Answer;

export function success(data: string, warnings: readonly string[] = []): string {
  return `{"status":"success","data":${data}${remarksJson('warnings', warnings)}}`;
}
