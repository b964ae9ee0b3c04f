// Quantities as people write them: durations, sizes and addresses, both ways.

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000, // 365 d, as in PromQL
};

const UNIT_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Where a server listens. Port 0 picks a free one. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `30d`, `1h30m`, `200ms` or `forever` (Infinity) in ms; undefined when it is none of these. */
export function parseDuration(text: string): number | undefined {
  if (text === 'forever') return Number.POSITIVE_INFINITY;
  if (!/^(\d+(ms|[smhdwy]))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhdwy])/g)) {
    totalMs += Number(count) * UNIT_MS[unit!]!;
  }
  return totalMs <= Number.MAX_SAFE_INTEGER ? totalMs : undefined;
}

/** A text that `parseDuration` reads as `durationMs`, in one unit; in days from two of them on. */
export function formatDuration(durationMs: number): string {
  if (durationMs === Number.POSITIVE_INFINITY) return 'forever';
  const units = durationMs < 2 * UNIT_MS['d']! ? ['h', 'm', 's'] : ['d', 'h', 'm', 's'];
  const unit = units.find((name) => durationMs % UNIT_MS[name]! === 0) ?? 'ms';
  return durationMs === 0 ? '0s' : `${durationMs / UNIT_MS[unit]!}${unit}`;
}

/** `64MiB`, `1.5GB` or a plain count of bytes; undefined when it is none of these. */
export function parseSize(value: string | number): number | undefined {
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  const found = /^(\d+(?:\.\d+)?) ?([KMGT]i?B|B)$/.exec(value);
  if (found === null) return undefined;
  const bytes = Math.floor(Number(found[1]) * UNIT_BYTES[found[2]!]!);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The text in the largest binary unit that divides `bytes`. */
export function formatSize(bytes: number): string {
  const unit = ['TiB', 'GiB', 'MiB', 'KiB'].find((name) => bytes % UNIT_BYTES[name]! === 0);
  return unit === undefined || bytes === 0 ? `${bytes}B` : `${bytes / UNIT_BYTES[unit]!}${unit}`;
}

/** `HOST:PORT` with a name, an IPv4 address or `[IPv6]`; undefined when it is not that. */
export function parseAddress(text: string): Address | undefined {
  const found = /^(\[[0-9a-fA-F:.]+\]|[^\s:[\]/]+):(\d{1,5})$/.exec(text);
  if (found === null || Number(found[2]) > 65_535) return undefined;
  return { host: found[1]!.replace(/^\[|\]$/g, ''), port: Number(found[2]) };
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only this machine can reach `host`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
