// Whether a request may go on, for both ports alike.

import type { Need } from './rights.ts';
import type { Token, Tokens } from './tokens.ts';

export type Verdict =
  | { readonly kind: 'allowed'; readonly token: Token | undefined }
  | { readonly kind: 'unknown'; readonly message: string }
  | { readonly kind: 'forbidden'; readonly message: string };

export function judge(tokens: Tokens, authorization: string | undefined, need: Need): Verdict {
  if (need === 'none') return { kind: 'allowed', token: undefined };
  const token = tokens.find(authorization);
  if (token === undefined) {
    if (tokens.isOpen) return { kind: 'allowed', token };
    const what = authorization === undefined ? 'a token is needed' : 'the token is not known';
    return { kind: 'unknown', message: `${what}: send Authorization: Bearer TOKEN` };
  }
  if (need === 'any' || token.can.includes(need)) return { kind: 'allowed', token };
  const message = `the token ${token.name} may not ${need}: add it to its auth.tokens can`;
  return { kind: 'forbidden', message };
}

/** Whether a token sees a part of the series only. */
export function isTenant(token: Token | undefined): token is Token {
  return token !== undefined && Object.keys(token.labels).length > 0;
}
