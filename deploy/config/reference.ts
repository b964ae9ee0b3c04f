// The keys of the schema as a list: what the config reference and the example config are made of.

import * as z from 'zod';
import { KEY_DESCRIPTIONS } from './descriptions.ts';
import { isLive } from './diff.ts';
import { configSchema } from './schema.ts';
import { unwrapped } from './shape.ts';

export interface KeyReference {
  /** Dotted; `[]` stands for each item of a list. */
  readonly key: string;
  /** What may be written there, in words. */
  readonly type: string;
  /** The words that it may be, when there are only a few. */
  readonly choices?: string;
  /** As in YAML; undefined when the key has to be given. */
  readonly fallback: unknown;
  /** Whether a reload takes a change over, or a restart is needed. */
  readonly isLive: boolean;
  readonly description: string;
}

/** Every key that has a value of its own, in the order of the schema. */
export function keyReferences(): KeyReference[] {
  const references = referencesOf(configSchema, '');
  const known = new Set(references.map(({ key }) => key));
  const stale = Object.keys(KEY_DESCRIPTIONS).filter((key) => !known.has(key));
  if (stale.length > 0) throw new Error(`described, and not in the schema: ${stale.join(', ')}`);
  return references;
}

function referencesOf(schema: z.core.$ZodType, key: string): KeyReference[] {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodObject) {
    const entries = Object.entries(inner.shape) as [string, z.core.$ZodType][];
    return entries.flatMap(([name, one]) =>
      referencesOf(one, key === '' ? name : `${key}.${name}`),
    );
  }
  const description = KEY_DESCRIPTIONS[key];
  if (description === undefined) throw new Error(`${key} is not in deploy/config/descriptions.ts`);
  const reference = {
    key,
    ...(inner instanceof z.ZodEnum && { choices: inner.options.join(', ') }),
    type: typeOf(schema),
    fallback: schema instanceof z.ZodPrefault ? schema.def.defaultValue : undefined,
    isLive: isLive(key.replace(/\[\].*$/, '')),
    description,
  };
  const isListOfSections =
    inner instanceof z.ZodArray && unwrapped(inner.element) instanceof z.ZodObject;
  return isListOfSections ? [reference, ...referencesOf(inner.element, `${key}[]`)] : [reference];
}

function typeOf(schema: z.core.$ZodType): string {
  if (schema instanceof z.ZodPrefault) return typeOf(schema.unwrap());
  if (schema instanceof z.ZodNullable) return `${typeOf(schema.unwrap())}, or null`;
  const expected = z.globalRegistry.get(schema)?.['expected'];
  if (typeof expected === 'string') return expected;
  if (schema instanceof z.ZodUnion) return schema.options.map(typeOf).join(', or ');
  if (schema instanceof z.ZodLiteral) return [...schema.values].map(String).join(', ');
  if (schema instanceof z.ZodEnum) return `one of ${schema.options.join(', ')}`;
  if (schema instanceof z.ZodBoolean) return 'true or false';
  if (schema instanceof z.ZodNumber) return rangeOf(schema);
  if (schema instanceof z.ZodString) return 'a text';
  if (schema instanceof z.ZodRecord) return 'names with values';
  if (schema instanceof z.ZodObject) return 'a section, see below';
  if (schema instanceof z.ZodArray) return `a list, each item ${typeOf(schema.element)}`;
  throw new Error(`the config reference has no words for a ${schema._zod.def.type}`);
}

function rangeOf({ minValue, maxValue }: z.ZodNumber): string {
  const isBounded = maxValue !== null && maxValue < Number.MAX_SAFE_INTEGER;
  return `a whole number (${isBounded ? `${minValue} to ${maxValue}` : `${minValue} or more`})`;
}
