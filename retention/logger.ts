// The part of a structured logger that this room needs; a pino logger is one.

type Log = (fields: object, message: string) => void;

export interface RetentionLogger {
  readonly info: Log;
  readonly warn: Log;
  readonly error: Log;
}
