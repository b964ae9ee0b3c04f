// The door of storage: everything else in this room is private to it.

export type * from './env/env.ts';
export { CorruptionError, StorageError, type StorageErrorCode } from './errors.ts';
export type * from './series/labels.ts';
export type * from './series/matcher.ts';
export type * from './types.ts';
