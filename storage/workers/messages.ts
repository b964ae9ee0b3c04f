// What the pool and its threads say to each other.

export interface JobRequest {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}

export type JobReply =
  | { readonly kind: 'done'; readonly id: number; readonly output: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: unknown };
