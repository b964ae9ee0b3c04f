// One table: what an error is called here, and which gRPC and HTTP status a client sees.

/** The canonical gRPC status codes that varve answers with. */
export const GRPC_STATUS = {
  OK: 0,
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** Stable code of an error, whichever room it comes from; storage's codes are among them. */
export type ErrorCode = keyof typeof STATUS_OF;

export interface Status {
  readonly grpc: number;
  readonly http: number;
  /** Whether the same request may succeed later: such answers carry a delay to wait. */
  readonly retry: boolean;
}

const STATUS_OF = {
  INVALID_ARGUMENT: { grpc: GRPC_STATUS.INVALID_ARGUMENT, http: 400, retry: false },
  // Larger than the limits allow, however often it is sent. gRPC has no code of its own for it.
  TOO_LARGE: { grpc: GRPC_STATUS.RESOURCE_EXHAUSTED, http: 413, retry: false },
  UNSUPPORTED_MEDIA_TYPE: { grpc: GRPC_STATUS.INVALID_ARGUMENT, http: 415, retry: false },
  UNAUTHENTICATED: { grpc: GRPC_STATUS.UNAUTHENTICATED, http: 401, retry: false },
  PERMISSION_DENIED: { grpc: GRPC_STATUS.PERMISSION_DENIED, http: 403, retry: false },
  NOT_FOUND: { grpc: GRPC_STATUS.NOT_FOUND, http: 404, retry: false },
  // A query that is well formed and cannot be carried out, as Prometheus's 422.
  FAILED_PRECONDITION: { grpc: GRPC_STATUS.FAILED_PRECONDITION, http: 422, retry: false },
  RESOURCE_EXHAUSTED: { grpc: GRPC_STATUS.RESOURCE_EXHAUSTED, http: 429, retry: true },
  CANCELLED: { grpc: GRPC_STATUS.CANCELLED, http: 499, retry: false },
  INTERNAL: { grpc: GRPC_STATUS.INTERNAL, http: 500, retry: false },
  CORRUPTION: { grpc: GRPC_STATUS.DATA_LOSS, http: 500, retry: false },
  UNIMPLEMENTED: { grpc: GRPC_STATUS.UNIMPLEMENTED, http: 501, retry: false },
  UNAVAILABLE: { grpc: GRPC_STATUS.UNAVAILABLE, http: 503, retry: true },
  // Storage that is closing or not ours comes back after a restart.
  CLOSED: { grpc: GRPC_STATUS.UNAVAILABLE, http: 503, retry: true },
  LOCKED: { grpc: GRPC_STATUS.UNAVAILABLE, http: 503, retry: true },
  DEADLINE_EXCEEDED: { grpc: GRPC_STATUS.DEADLINE_EXCEEDED, http: 503, retry: false },
} as const satisfies Record<string, Status>;

export function statusOf(code: ErrorCode): Status {
  return STATUS_OF[code];
}

/** The code of any error that carries one of ours; everything else is INTERNAL. */
export function errorCodeOf(error: unknown): ErrorCode {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && Object.hasOwn(STATUS_OF, code)
    ? (code as ErrorCode)
    : 'INTERNAL';
}
