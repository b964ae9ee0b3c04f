// Who asks: the token of a request, found by its hash.

import { createHash, timingSafeEqual } from 'node:crypto';
import { canonicalLabels, type Labels } from '../../storage/index.ts';
import type { Config } from '../config.ts';

export type Token = Config['auth']['tokens'][number];
export type Right = Token['can'][number];

export interface Tokens {
  /** Whether nobody needs one. */
  readonly isOpen: boolean;
  /** The token of an Authorization header; undefined when there is none that is known. */
  find(authorization: string | undefined): Token | undefined;
  named(name: string): Token | undefined;
}

/** `own` is the token of this process itself, which no config names. */
export function createTokens(configured: readonly Token[], own: Token): Tokens {
  const all = [...configured, own].map((token) => {
    return { token, hash: Buffer.from(token.token_sha256, 'hex') };
  });
  return {
    isOpen: configured.length === 0,
    named: (name) => configured.find((token) => token.name === name),
    find(authorization) {
      const secret = secretOf(authorization ?? '');
      if (secret === undefined) return undefined;
      const hash = createHash('sha256').update(secret).digest();
      let found: Token | undefined;
      // All of them, so that the time tells nothing of which came close.
      for (const one of all) if (timingSafeEqual(one.hash, hash)) found = one.token;
      return found;
    },
  };
}

/**
 * The secret of `Bearer SECRET`; also of `Token SECRET`, which clients of InfluxDB 2 send, and the
 * password of `Basic`, which those of InfluxDB 1 do.
 */
function secretOf(authorization: string): string | undefined {
  const [, scheme = '', credentials = ''] = /^(\S+) +(\S+)$/.exec(authorization.trim()) ?? [];
  switch (scheme.toLowerCase()) {
    case 'bearer':
    case 'token':
      return credentials;
    case 'basic': {
      const text = Buffer.from(credentials, 'base64').toString('utf8');
      return text.slice(text.indexOf(':') + 1);
    }
    default:
      return undefined;
  }
}

/** What the series of a token have in common. */
export function labelsOf({ labels }: Token): Labels {
  return canonicalLabels(Object.entries(labels).map(([name, value]) => ({ name, value })));
}

export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
