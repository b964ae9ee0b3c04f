// What an exposition says of metrics beyond their points: # TYPE, # HELP and # UNIT, each on a line
// of its own, in any order, those of one metric together.

import type { MetadataStore, MetricMetadata, MetricType } from '../../storage/index.ts';
import { unescapeText } from './exposition-labels.ts';
import { LineError, shown } from './line.ts';

export interface FamilyReader {
  /** Any line that begins with `#`; what is not of the three kinds is a comment. */
  read(line: string): void;
  /** The last metric has been told of. */
  end(): void;
}

const DESCRIPTION = /^#[ \t]+(TYPE|HELP|UNIT)[ \t]+("(?:[^"\\]|\\.)*"|[^\s"]+)(?:[ \t]+(.*))?$/;

const TYPES: Readonly<Record<string, MetricType>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  gaugehistogram: 'gaugehistogram',
  summary: 'summary',
  info: 'info',
  stateset: 'stateset',
  unknown: 'unknown',
  untyped: 'unknown',
};

export function createFamilyReader(store: MetadataStore): FamilyReader {
  let metric = '';
  let told: Partial<MetricMetadata> = {};

  /** What is not told again this time, such as after a cut in the middle, stays as it was. */
  function end(): void {
    if (Object.keys(told).length === 0) return;
    const known = store.get(metric).at(-1) ?? { type: 'unknown', help: '', unit: '' };
    store.set(metric, { ...known, ...told });
    told = {};
  }

  return {
    end,
    read(line) {
      const [, kind, name, text = ''] = DESCRIPTION.exec(line) ?? [];
      if (kind === undefined || name === undefined) return;
      const described = name.startsWith('"') ? unescapeText(name.slice(1, -1)) : name;
      const part = describe(kind, text);
      if (described !== metric) end();
      metric = described;
      told = { ...told, ...part };
    },
  };
}

function describe(kind: string, text: string): Partial<MetricMetadata> {
  if (kind === 'HELP') return { help: unescapeText(text) };
  if (kind === 'UNIT') return { unit: text };
  const type = Object.hasOwn(TYPES, text) ? TYPES[text] : undefined;
  if (type !== undefined) return { type };
  throw new LineError(`${shown(text)} is not a type of metrics`);
}
