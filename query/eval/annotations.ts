// Remarks on a query that succeeded: warnings (the answer may be wrong), infos (the query may be).

import type { Span } from '../promql/ast.ts';
import { position } from '../promql/errors.ts';

export interface Annotations {
  warn(message: string, span: Span): void;
  inform(message: string, span: Span): void;
  /** Data on disk that the answer had to do without; once for each message. */
  damage(message: string): void;
  warnings(): readonly string[];
  infos(): readonly string[];
}

/** Each remark is kept once, however many series it is true of. */
export function createAnnotations(text: string): Annotations {
  const warnings = new Set<string>();
  const infos = new Set<string>();
  return {
    warn(message, span) {
      warnings.add(`PromQL warning: ${message} (${position(text, span.from)})`);
    },
    inform(message, span) {
      infos.add(`PromQL info: ${message} (${position(text, span.from)})`);
    },
    damage(message) {
      warnings.add(damageRemark(message));
    },
    warnings: () => [...warnings],
    infos: () => [...infos],
  };
}

/** `message` is what storage says of a block that cannot be read. */
export function damageRemark(message: string): string {
  return `damaged data was left out: ${message}`;
}
