// Whether a request may go on, for both ports alike.

import type { Need } from './rights.ts';
import type { Token, Tokens } from './tokens.ts';

export type Verdict =
  | { readonly kind: 'allowed'; readonly token: Token | undefined }
  | {
      readonly kind: 'unknown';
      readonly reason: 'no_token' | 'unknown_token';
      readonly message: string;
    }
  | { readonly kind: 'forbidden'; readonly reason: 'no_right'; readonly message: string };

export function judge(tokens: Tokens, authorization: string | undefined, need: Need): Verdict {
  if (need === 'none') return { kind: 'allowed', token: undefined };
  const token = tokens.find(authorization);
  if (token === undefined) {
    if (tokens.isOpen) return { kind: 'allowed', token };
    const isShown = authorization !== undefined;
    const what = isShown ? 'the token is not known' : 'a token is needed';
    const message = `${what}: send Authorization: Bearer TOKEN`;
    return { kind: 'unknown', reason: isShown ? 'unknown_token' : 'no_token', message };
  }
  if (need === 'any' || token.can.includes(need)) return { kind: 'allowed', token };
  const message = `the token ${token.name} may not ${need}: add it to its auth.tokens can`;
  return { kind: 'forbidden', reason: 'no_right', message };
}

/** Whether a token sees a part of the series only. */
export function isTenant(token: Token | undefined): token is Token {
  return token !== undefined && Object.keys(token.labels).length > 0;
}
