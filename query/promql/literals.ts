// Numbers, durations and strings as PromQL writes them.

const UNIT_MS = {
  y: 365 * 86_400_000,
  w: 7 * 86_400_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
} as const;

const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** Milliseconds of `1h30m`, `500ms`, ...: units once each, in falling order. */
export function durationMs(text: string): number | undefined {
  const parts = DURATION.exec(text);
  if (parts === null || text === '') return undefined;
  const units = Object.values(UNIT_MS);
  return units.reduce((total, unitMs, i) => total + Number(parts[i + 1] ?? 0) * unitMs, 0);
}

/** The value of a number or, in seconds, of a duration; undefined for anything else. */
export function numberValue(text: string): number | undefined {
  const lower = text.toLowerCase();
  if (lower === 'inf') return Infinity;
  if (lower === 'nan') return NaN;
  const ms = durationMs(text);
  if (ms !== undefined) return ms / 1000;
  if (/^0x[\da-f]+$/.test(lower)) return Number(lower);
  if (/^0[0-7]+$/.test(lower)) return Number.parseInt(lower, 8);
  if (!/^(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(e[+-]?\d[\d_]*)?$/.test(lower)) return undefined;
  return Number(lower.replaceAll('_', ''));
}

/** `5400000` as `1h30m`, the way Prometheus prints durations. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  let left = Math.abs(ms);
  let text = ms < 0 ? '-' : '';
  for (const [unit, unitMs] of Object.entries(UNIT_MS)) {
    // Weeks and years only when nothing is left over: 10d is easier to read than 1w3d.
    const whole = unit === 'y' || unit === 'w';
    if (left < unitMs || (whole && left % unitMs !== 0)) continue;
    text += `${Math.floor(left / unitMs)}${unit}`;
    left %= unitMs;
  }
  return text;
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

/** The text between the quotes, escapes resolved as Go does; undefined when it is no string. */
export function unquote(text: string): string | undefined {
  const quote = text[0];
  if (text.length < 2 || text.at(-1) !== quote) return undefined;
  const body = text.slice(1, -1);
  if (quote === '`') return body.includes('`') ? undefined : body;
  if (quote !== '"' && quote !== "'") return undefined;
  if (!body.includes('\\')) return /[\n"']/.test(body) && hasBare(body, quote) ? undefined : body;
  return resolveEscapes(body, quote);
}

function hasBare(body: string, quote: string): boolean {
  return body.includes('\n') || body.includes(quote);
}

/** Escapes of bytes (\x.., \ooo) build UTF-8, so everything is collected as bytes. */
function resolveEscapes(body: string, quote: string): string | undefined {
  const parts: Buffer[] = [];
  const pattern =
    /\\(?:([abfnrtv\\'"])|x([\da-fA-F]{2})|([0-7]{3})|u([\da-fA-F]{4})|U([\da-fA-F]{8}))/y;
  let at = 0;
  while (at < body.length) {
    const next = body.indexOf('\\', at);
    const plain = body.slice(at, next < 0 ? body.length : next);
    if (hasBare(plain, quote)) return undefined;
    parts.push(Buffer.from(plain));
    if (next < 0) break;
    pattern.lastIndex = next;
    const found = pattern.exec(body);
    if (found === null) return undefined;
    const [, simple, hex, octal, short, long] = found;
    if (simple !== undefined) {
      const isQuote = simple === '"' || simple === "'";
      if (isQuote && simple !== quote) return undefined;
      parts.push(Buffer.from(isQuote ? simple : SIMPLE_ESCAPES[simple]!));
    } else if (hex !== undefined || octal !== undefined) {
      const byte = hex !== undefined ? Number.parseInt(hex, 16) : Number.parseInt(octal!, 8);
      if (byte > 255) return undefined;
      parts.push(Buffer.of(byte));
    } else {
      const point = Number.parseInt((short ?? long)!, 16);
      if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return undefined;
      parts.push(Buffer.from(String.fromCodePoint(point)));
    }
    at = pattern.lastIndex;
  }
  return Buffer.concat(parts).toString('utf8');
}

/** The string in double quotes, as Go's %q. */
export function quote(text: string): string {
  return JSON.stringify(text).replace(/\\u00([01][\da-f])/g, '\\x$1');
}

/** Whether a label name can stand without quotes. */
export function isPlainLabelName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
}

/** Whether a metric name can stand without quotes. */
export function isPlainMetricName(name: string): boolean {
  return /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
}

/** Whether a name can be a label's at all: any UTF-8 text but the empty one. */
export function isLabelName(name: string): boolean {
  return name !== '' && !/\p{Surrogate}/u.test(name);
}
