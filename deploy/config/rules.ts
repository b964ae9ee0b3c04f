// Rules that look at more than one key.

import { policyMistakes } from '../../retention/index.ts';
import type { KeyPath } from './problem.ts';
import { retentionRules } from './retention.ts';
import type { Config } from './schema.ts';
import { isLoopback } from './units.ts';

export interface BrokenRule {
  readonly path: KeyPath;
  readonly message: string;
}

export function brokenRules(config: Config): BrokenRule[] {
  return [
    ...policyRules(config),
    ...policySetRules(config),
    ...listenRules(config),
    ...tlsRules(config),
    ...tokenRules(config),
    ...eventMetricMistakes(config),
    ...compactionRules(config),
  ];
}

/** What a policy is called in the config, by what retention calls it. */
const POLICY_KEYS = {
  name: 'name',
  matchers: 'match',
  keepMs: 'keep',
  windowMs: 'window',
  bytesMax: 'max_bytes',
  rollups: 'rollups',
} as const;

function policyRules(config: Config): BrokenRule[] {
  const root = ['retention', 'policies'] as const;
  const { policies } = retentionRules(config);
  const mistakes = policyMistakes(policies).map(({ index, field, message }) => ({
    path: [
      ...root,
      ...(index === undefined ? [] : [index]),
      ...(field ? [POLICY_KEYS[field]] : []),
    ],
    message,
  }));
  const catchAll = policies.findIndex(({ matchers }) => matchers.length === 0);
  const unreached = catchAll === -1 ? [] : policies.slice(catchAll + 1);
  return mistakes.concat(
    unreached.map((_, offset) => ({
      path: [...root, catchAll + 1 + offset, 'match'],
      message: 'never reached, since an earlier policy takes every series: move it up',
    })),
  );
}

function policySetRules({ retention: { policies, redis } }: Config): BrokenRule[] {
  if (policies !== 'redis' || redis !== null) return [];
  const message = 'needs retention.redis, where varve retention publish has put them';
  return [{ path: ['retention', 'policies'], message }];
}

/** Where merging begins, then writes are slowed, then they are stopped. */
function compactionRules({ storage: { compaction } }: Config): BrokenRule[] {
  const { fan_in, slowdown_tables, stop_tables } = compaction;
  const broken: BrokenRule[] = [];
  const root = ['storage', 'compaction'] as const;
  if (slowdown_tables < fan_in) {
    const why = 'below fan_in: writes would be slowed before anything is merged';
    broken.push({ path: [...root, 'slowdown_tables'], message: `${why}; use ${fan_in} or more` });
  }
  if (stop_tables <= slowdown_tables) {
    const message = `not above slowdown_tables: use ${slowdown_tables + 1} or more`;
    broken.push({ path: [...root, 'stop_tables'], message });
  }
  return broken;
}

function listenRules(config: Config): BrokenRule[] {
  if (config.auth.tokens.length > 0 || config.auth.open) return [];
  return (['grpc', 'http'] as const)
    .filter((door) => !isLoopback(config[door].listen.host))
    .map((door) => ({
      path: [door, 'listen'],
      message:
        `${config[door].listen.host} can be reached from other machines and there are no ` +
        'auth.tokens: listen on 127.0.0.1, or set auth.open to true to let everybody in',
    }));
}

function tlsRules({ tls }: Config): BrokenRule[] {
  const missing = tls.cert === null ? 'cert' : 'key';
  if ((tls.cert === null) !== (tls.key === null)) {
    return [{ path: ['tls', missing], message: 'tls.cert and tls.key need each other: give both' }];
  }
  if (tls.client_ca !== null && tls.cert === null) {
    return [{ path: ['tls', 'client_ca'], message: 'needs tls.cert and tls.key' }];
  }
  return [];
}

function tokenRules({ auth: { tokens } }: Config): BrokenRule[] {
  const broken: BrokenRule[] = [];
  tokens.forEach(({ name, token_sha256, labels, can, limits }, index) => {
    const path = ['auth', 'tokens', index];
    const others = tokens.slice(0, index);
    if (others.some((other) => other.name === name)) {
      const message = `another token is called ${name}: give each a name of its own`;
      broken.push({ path: [...path, 'name'], message });
    }
    if (others.some((other) => other.token_sha256 === token_sha256)) {
      const message = 'another token has the same hash: make a token for each';
      broken.push({ path: [...path, 'token_sha256'], message });
    }
    const limit = Object.entries(limits).find(([, most]) => most !== null)?.[0];
    if (limit !== undefined && !can.includes('write')) {
      const message = 'limits what is written, and the token may not write: leave it out';
      broken.push({ path: [...path, 'limits', limit], message });
    }
    for (const [label, value] of Object.entries(labels)) {
      if (label !== '' && value !== '') continue;
      const message = 'a label needs a name and a value: an empty one is the same as none';
      broken.push({ path: [...path, 'labels', label], message });
    }
  });
  return broken;
}

function eventMetricMistakes({ ingest: { event_metrics } }: Config): BrokenRule[] {
  const broken: BrokenRule[] = [];
  event_metrics.forEach(({ name, by }, index) => {
    const path = ['ingest', 'event_metrics', index];
    if (event_metrics.slice(0, index).some((other) => other.name === name)) {
      const message = `another metric is called ${name}: give each a name of its own`;
      broken.push({ path: [...path, 'name'], message });
    }
    by.forEach((label, position) => {
      const isTwice = by.indexOf(label) < position;
      if (!isTwice && label !== '__name__') return;
      const message = isTwice ? `${label} is there twice` : '__name__ is the name of the metric';
      broken.push({ path: [...path, 'by', position], message });
    });
  });
  return broken;
}
