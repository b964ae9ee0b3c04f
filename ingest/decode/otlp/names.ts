// What OpenTelemetry calls things, as Prometheus's OTLP receiver renames them.
// https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/

export const OTLP_TRANSLATIONS = [
  /** `http.server.duration` in s becomes `http_server_duration_seconds`. Prometheus's default. */
  'underscore_escaping_with_suffixes',
  /** `http_server_duration` */
  'underscore_escaping_without_suffixes',
  /** `http.server.duration_seconds` */
  'no_utf8_escaping_with_suffixes',
  /** `http.server.duration`: metrics that differ in unit or kind alone fall together. */
  'no_translation',
] as const;

/** The words are Prometheus's `translation_strategy`. */
export type OtlpTranslation = (typeof OTLP_TRANSLATIONS)[number];

/** A level is a sum that goes up and down. */
export type MetricKind = 'gauge' | 'counter' | 'level' | 'histogram' | 'summary';

export interface OtlpNamer {
  /** Undefined when nothing is left that could be a name. */
  metricName(name: string, unit: string, kind: MetricKind): string | undefined;
  /** Of an attribute's key; undefined when it cannot be one. */
  labelName(key: string): string | undefined;
}

export function createOtlpNamer(translation: OtlpTranslation): OtlpNamer {
  switch (translation) {
    case 'underscore_escaping_with_suffixes':
      return { metricName: escapedWithSuffixes, labelName: escapedLabelName };
    case 'underscore_escaping_without_suffixes':
      return { metricName: escaped, labelName: escapedLabelName };
    case 'no_utf8_escaping_with_suffixes':
      return { metricName: withSuffixes, labelName: plainLabelName };
    case 'no_translation':
      return { metricName: (name) => name || undefined, labelName: plainLabelName };
  }
}

/** A unit as metadata shows it: `By/s` is `bytes_per_second`. */
export function unitName(unit: string): string {
  const words = unitWords(unit).map(cleanUnit).filter(Boolean);
  return words.join('_').replace(/^_/, '').replace(/_$/, '');
}

function escapedWithSuffixes(name: string, unit: string, kind: MetricKind): string | undefined {
  let words = name.split(/[^A-Za-z0-9:]+/).filter(Boolean);
  const [main, per] = unitWords(unit).map(cleanUnit) as [string, string];
  const perWord = per.replace(/_$/, '');
  const hasPer = perWord !== 'per' && perWord !== '' && !words.includes(perWord);
  const mainWord = hasPer ? main.replace(/_$/, '') : main;
  if (mainWord !== '' && !words.includes(main)) words.push(mainWord);
  if (hasPer) words.push(perWord);
  const suffix = kindSuffix(unit, kind);
  if (suffix !== '') words = [...words.filter((word) => word !== suffix), suffix];
  return named(withoutLeadingDigit(words.join('_')), name);
}

function escaped(name: string): string | undefined {
  const words = name.split(/[^A-Za-z0-9:_]+/).filter(Boolean);
  return named(withoutLeadingDigit(words.join('_')), name);
}

function withSuffixes(name: string, unit: string, kind: MetricKind): string | undefined {
  if (name === '') return undefined;
  const [main, per] = unitWords(unit);
  const suffix = kindSuffix(unit, kind);
  let stem = withoutEnding(withoutEnding(name, suffix), per);
  if (main !== '' && !stem.endsWith(main)) stem += `_${main}`;
  return [stem, per, suffix].filter(Boolean).join('_');
}

/** Counters count up to a total; a gauge without dimension is a ratio. */
function kindSuffix(unit: string, kind: MetricKind): string {
  if (kind === 'counter') return 'total';
  return kind === 'gauge' && unit === '1' ? 'ratio' : '';
}

/** Takes the ending and the one character that sets it off. */
function withoutEnding(name: string, ending: string): string {
  const rest = name.length - ending.length - 1;
  return ending !== '' && rest > 0 && name.endsWith(ending) ? name.slice(0, rest) : name;
}

function withoutLeadingDigit(name: string): string {
  return /^[0-9]/.test(name) ? `_${name}` : name;
}

/** A name that lost everything but underscores on the way is none. */
function named(name: string, original: string): string | undefined {
  return name === '' || (name !== original && isBlank(name)) ? undefined : name;
}

function escapedLabelName(key: string): string | undefined {
  if (key === '') return undefined;
  const name = key.replace(/[^A-Za-z0-9_]/gu, '_');
  if (/^[0-9]/.test(name)) return `key_${name}`;
  // Two underscores in front are reserved names and stay as they are.
  if (/^_(?!_)/.test(name)) return `key${name}`;
  return plainLabelName(name);
}

function plainLabelName(key: string): string | undefined {
  return isBlank(key) ? undefined : key;
}

function isBlank(name: string): boolean {
  return /^_*$/.test(name);
}

/** UCUM to the words of Prometheus: https://prometheus.io/docs/practices/naming/#base-units */
const UNIT_WORDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...{ d: 'days', h: 'hours', min: 'minutes', s: 'seconds' },
    ...{ ms: 'milliseconds', us: 'microseconds', ns: 'nanoseconds' },
    ...{ By: 'bytes', KiBy: 'kibibytes', MiBy: 'mebibytes', GiBy: 'gibibytes', TiBy: 'tibibytes' },
    ...{ KBy: 'kilobytes', MBy: 'megabytes', GBy: 'gigabytes', TBy: 'terabytes' },
    ...{ m: 'meters', V: 'volts', A: 'amperes', J: 'joules', W: 'watts', g: 'grams' },
    ...{ Cel: 'celsius', Hz: 'hertz', '1': '', '%': 'percent' },
  }),
);

const PER_UNIT_WORDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...{ s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week', mo: 'month', y: 'year' },
  }),
);

/** The unit's word and, of `a/b`, `per_b`; empty for annotations such as `{request}`. */
function unitWords(unit: string): [main: string, per: string] {
  const slash = unit.indexOf('/');
  const main = unitWord(slash === -1 ? unit : unit.slice(0, slash), UNIT_WORDS);
  const per = slash === -1 ? '' : unitWord(unit.slice(slash + 1), PER_UNIT_WORDS);
  return [main, per === '' ? '' : `per_${per}`];
}

function unitWord(text: string, words: ReadonlyMap<string, string>): string {
  const unit = text.trim();
  return /[{}]/.test(unit) ? '' : (words.get(unit) ?? unit);
}

function cleanUnit(word: string): string {
  return word
    .replace(/[^A-Za-z0-9:]/gu, '_')
    .replace(/__+/g, '_')
    .replace(/^_/, '');
}
