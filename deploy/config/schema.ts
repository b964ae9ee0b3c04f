// Every key of the config: its type, its default, its bounds. The parsed config has the shape of
// the file, so a dotted key names the same thing in YAML, in `--set` and in code; durations
// have become ms (Infinity for `forever`), sizes bytes, addresses a host and a port.

import * as z from 'zod';
import { DELTA_HANDLINGS, OTLP_TRANSLATIONS, parseEventAmount } from '../../ingest/index.ts';
import { parseEventMatch, parseMatch } from './match.ts';
import {
  formatAddress,
  formatDuration,
  formatSize,
  parseAddress,
  parseDuration,
  parseSize,
} from './units.ts';

const DAY_MS = 86_400_000;

/**
 * A value written as text in the file and held as `Value` in the config; prints back the same.
 * `expected` ends up in messages and, as `meta`, in the config reference.
 */
function quantity<Value>(
  check: z.ZodType<Value, Value>,
  parse: (input: string | number) => Value | undefined,
  format: (value: Value) => string,
  expected: string,
) {
  const codec = z.codec(z.unknown(), check, {
    decode(input, context) {
      const readable = typeof input === 'string' || typeof input === 'number';
      const value = readable ? parse(input) : undefined;
      if (value !== undefined) return value;
      context.issues.push({ code: 'custom', message: `expected ${expected}`, input });
      return z.NEVER;
    },
    encode: format,
  });
  return codec.meta({ expected });
}

function matching(pattern: RegExp, expected: string) {
  return z.string().regex(pattern, `expected ${expected}`).meta({ expected });
}

/** ms in [minMs, maxMs]; with `forever` allowed also Infinity. */
function duration(minMs: number, maxMs: number, options?: { forever: true }) {
  const parse = (input: string | number) => {
    const valueMs = typeof input === 'string' ? parseDuration(input) : undefined;
    if (valueMs === Number.POSITIVE_INFINITY) return options?.forever ? valueMs : undefined;
    return valueMs !== undefined && valueMs >= minMs && valueMs <= maxMs ? valueMs : undefined;
  };
  const forever = options?.forever ? ', or forever' : '';
  const range = `${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
  const check = z.custom<number>((value) => typeof value === 'number');
  return quantity(
    check,
    parse,
    formatDuration,
    `a duration such as 90s, 2h or 30d (${range}${forever})`,
  );
}

/** Bytes in [minBytes, maxBytes]. */
function size(minBytes: number, maxBytes: number) {
  const parse = (input: string | number) => {
    const bytes = parseSize(input);
    return bytes !== undefined && bytes >= minBytes && bytes <= maxBytes ? bytes : undefined;
  };
  const range = `${formatSize(minBytes)} to ${formatSize(maxBytes)}`;
  return quantity(z.number(), parse, formatSize, `a size such as 64MiB or 1GiB (${range})`);
}

/** Bytes per second, or `auto`. */
const rate = quantity(
  z.union([z.number(), z.literal('auto')]),
  (input) => {
    const bytes = input === 'auto' ? input : parseSize(input);
    return bytes === 'auto' || (bytes !== undefined && bytes >= MiB) ? bytes : undefined;
  },
  (value) => (value === 'auto' ? value : formatSize(value)),
  'auto, or a size per second such as 64MiB (1MiB or more)',
);

const address = quantity(
  z.object({ host: z.string(), port: z.number() }),
  (input) => (typeof input === 'string' ? parseAddress(input) : undefined),
  formatAddress,
  'HOST:PORT such as 127.0.0.1:4318, with port 0 for a free one',
);

/** Text that `parse` reads; what it throws is for people. */
function parsed(parse: (text: string) => unknown, expected: string) {
  return z
    .string()
    .superRefine((text, context) => {
      try {
        parse(text);
      } catch (error) {
        const message = `expected ${expected}: ${(error as Error).message}`;
        context.addIssue({ code: 'custom', message });
      }
    })
    .meta({ expected });
}

const selector = parsed(parseMatch, 'a selector such as {env="dev",team=~"a|b"}');
const eventSelector = parsed(
  parseEventMatch,
  'a selector and texts such as {service="api"} |= "error"',
);
const eventAmount = parsed(
  parseEventAmount,
  'a regular expression with one named group such as bytes=(?P<bytes>[0-9]+)',
);
const metricName = matching(
  /^[a-zA-Z_:][a-zA-Z0-9_:]*$/,
  'the name of a metric such as http_errors_total',
);
const redisUrl = matching(/^rediss?:\/\/\S+$/, 'a URL such as redis://127.0.0.1:6379');
const origin = matching(/^https?:\/\/[^/\s]+$/, 'an origin such as https://example.org');
const sha256 = matching(/^[0-9a-f]{64}$/, 'a SHA-256 as 64 lower-case hex digits');
const name = z.string().min(1).max(128);
const count = z.int().min(1);
const MiB = 2 ** 20;
const TiB = 2 ** 40;

const rollup = z.strictObject({
  every: duration(1_000, 366 * DAY_MS),
  keep: duration(60_000, 36_500 * DAY_MS, { forever: true }),
});

const policy = z.strictObject({
  name,
  match: selector,
  keep: duration(60_000, 36_500 * DAY_MS, { forever: true }),
  window: duration(60_000, 366 * DAY_MS).prefault('2h'),
  max_bytes: size(MiB, 1024 * TiB)
    .nullable()
    .prefault(null),
  rollups: z.array(rollup).prefault([]),
});

const token = z.strictObject({
  name,
  token_sha256: sha256,
  can: z.array(z.enum(['write', 'read', 'admin'])).min(1),
  labels: z.record(z.string(), z.string()).prefault({}),
  limits: z
    .strictObject({
      points_per_second: count.nullable().prefault(null),
      series: count.nullable().prefault(null),
      series_per_metric: count.nullable().prefault(null),
    })
    .prefault({}),
});

const storage = z.strictObject({
  profile: z.enum(['write_heavy', 'balanced', 'read_heavy']).prefault('balanced'),
  wal: z
    .strictObject({
      sync: z.enum(['group', 'interval', 'os']).prefault('group'),
      interval: duration(1, 60_000).prefault('200ms'),
    })
    .prefault({}),
  memtable: z
    .strictObject({
      size: size(MiB, 4096 * MiB).prefault('64MiB'),
      max_age: duration(1_000, 7 * DAY_MS).prefault('30m'),
    })
    .prefault({}),
  compaction: z
    .strictObject({
      rate: rate.prefault('auto'),
      fan_in: count.min(2).max(32).prefault(4),
      slowdown_tables: count.max(1_000).prefault(24),
      stop_tables: count.max(1_000).prefault(48),
    })
    .prefault({}),
  index: z
    .strictObject({
      level_zero_tables: count.max(64).prefault(4),
      level_ratio: count.min(2).max(100).prefault(10),
      bloom_bits_per_key: count.min(2).max(32).prefault(10),
    })
    .prefault({}),
  block_cache: size(0, TiB).prefault('256MiB'),
  series_cache: size(0, TiB).prefault('64MiB'),
  pinned: size(0, TiB).prefault('64MiB'),
  scrub_every: duration(60_000, 366 * DAY_MS, { forever: true }).prefault('7d'),
  reserve: size(0, TiB).prefault('64MiB'),
});

const retention = z.strictObject({
  policies: z.union([z.array(policy).min(1), z.literal('redis')]).prefault([
    { name: 'debug', match: '{env="dev"}', keep: '24h', window: '1h', rollups: [] },
    { name: 'default', match: '{}', keep: '30d', window: '2h', rollups: [] },
  ]),
  max_bytes: size(MiB, 1024 * TiB)
    .nullable()
    .prefault(null),
  sweep_every: duration(1_000, DAY_MS).prefault('1m'),
  redis: redisUrl.nullable().prefault(null),
});

const otlp = z.strictObject({
  translation: z.enum(OTLP_TRANSLATIONS).prefault('underscore_escaping_with_suffixes'),
  promote_resource_attributes: z.array(z.string().min(1)).prefault([]),
  promote_scope_metadata: z.boolean().prefault(false),
  delta: z.enum(DELTA_HANDLINGS).prefault('accumulate'),
});

const eventMetric = z.strictObject({
  name: metricName,
  match: eventSelector,
  by: z.array(name).max(32).prefault([]),
  value: eventAmount.nullable().prefault(null),
});

const ingest = z.strictObject({
  max_past: duration(0, 36_500 * DAY_MS, { forever: true }).prefault('forever'),
  max_future: duration(0, 36_500 * DAY_MS, { forever: true }).prefault('1h'),
  limits: z
    .strictObject({
      series: count.max(2 ** 32 - 2).prefault(5_000_000),
      series_per_metric: count.nullable().prefault(null),
      points_per_second: count.nullable().prefault(null),
      labels_per_series: count.max(1_024).prefault(64),
      label_value_bytes: count.max(MiB).prefault(4_096),
      event_bytes: size(1, MiB).prefault('256KiB'),
      message: size(1_024, 1024 * MiB).prefault('32MiB'),
    })
    .prefault({}),
  otlp: otlp.prefault({}),
  events: z
    .strictObject({
      stream_labels: z.array(z.string().min(1)).prefault(['resource', 'severity']),
      max_streams: count.prefault(100_000),
    })
    .prefault({}),
  event_metrics: z.array(eventMetric).max(256).prefault([]),
});

const query = z.strictObject({
  lookback: duration(1, 7 * DAY_MS).prefault('5m'),
  max_steps: count.prefault(11_000),
  max_series: count.prefault(100_000),
  max_samples: count.prefault(50_000_000),
  max_bytes: size(MiB, TiB).prefault('1GiB'),
  max_expression: size(1, 16 * MiB).prefault('64KiB'),
  max_depth: count.max(1_000).prefault(100),
  timeout: duration(1, DAY_MS).prefault('30s'),
  max_concurrent: count.max(1_024).prefault(4),
  log_slower_than: duration(0, DAY_MS).nullable().prefault(null),
});

export const configSchema = z.strictObject({
  data_dir: z.string().min(1).prefault('./data'),
  grpc: z
    .strictObject({
      listen: address.prefault('127.0.0.1:4317'),
      idle_timeout: duration(100, DAY_MS).prefault('10m'),
    })
    .prefault({}),
  http: z
    .strictObject({
      listen: address.prefault('127.0.0.1:4318'),
      allowed_hosts: z.array(z.string().min(1)).prefault([]),
      cors_origins: z.array(origin).prefault([]),
      header_timeout: duration(100, DAY_MS).prefault('20s'),
      body_timeout: duration(100, DAY_MS).prefault('1m'),
      idle_timeout: duration(100, DAY_MS).prefault('75s'),
    })
    .prefault({}),
  storage: storage.prefault({}),
  retention: retention.prefault({}),
  ingest: ingest.prefault({}),
  query: query.prefault({}),
  auth: z
    .strictObject({ tokens: z.array(token).prefault([]), open: z.boolean().prefault(false) })
    .prefault({}),
  tls: z
    .strictObject({
      cert: z.string().min(1).nullable().prefault(null),
      key: z.string().min(1).nullable().prefault(null),
      client_ca: z.string().min(1).nullable().prefault(null),
    })
    .prefault({}),
  self_monitoring: z.boolean().prefault(true),
});

export type Config = z.output<typeof configSchema>;
/** The config as text for people: what `decode` reads and `encode` gives back. */
export type ConfigText = z.input<typeof configSchema>;
