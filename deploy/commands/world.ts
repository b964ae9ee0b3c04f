// What a command reaches of the process it runs in.

import type { Readable } from 'node:stream';
import type { Engine } from '../engine.ts';

export interface Output {
  /** False: what follows had better wait for `drain`. */
  write(text: string | Uint8Array): unknown;
  once?(event: 'drain', listener: () => void): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export type StopSignal = 'SIGTERM' | 'SIGINT';

export interface World {
  readonly engine: Engine;
  readonly stdin: Readable;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Calls back for every such signal until the returned function is called. */
  onSignal(signal: StopSignal | 'SIGHUP', callback: () => void): () => void;
  /** Ends the process at once. */
  exit(code: number): never;
  /** Whether colours are wanted on stdout. */
  readonly colour: boolean;
}
