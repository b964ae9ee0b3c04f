// The file policy-set: the retention policies that a server follows, as they were last taken over.
//
//   7 1763829000123 5f0bd1d4     version, ms when they were published, CRC-32 in hex, a line feed
//   retention:                   the text, which is nothing for storage to look into
//     ...
//
// The checksum is that of the file's bytes without it and the space before it.

import { checksum } from './coding/checksum.ts';

/** Retention policies as they were published; what the text says is for others to judge. */
export interface PublishedPolicies {
  /** 1 for the first set published on a Redis, and one more for each. */
  readonly version: number;
  /** By the clock of Redis, ms since the epoch. Of two sets the later one holds. */
  readonly publishedMs: number;
  readonly text: string;
}

const HEAD = /^([1-9]\d{0,14}) ([1-9]\d{0,14}) ([0-9a-f]{8})\n/;

export function encodePolicySet({ version, publishedMs, text }: PublishedPolicies): string {
  return `${version} ${publishedMs} ${checksumOf(version, publishedMs, text)}\n${text}`;
}

/** Undefined when the file's content is damaged. */
export function decodePolicySet(content: string): PublishedPolicies | undefined {
  const head = HEAD.exec(content);
  if (head === null) return undefined;
  const [version, publishedMs] = [Number(head[1]), Number(head[2])];
  const text = content.slice(head[0].length);
  if (head[3] !== checksumOf(version, publishedMs, text)) return undefined;
  return { version, publishedMs, text };
}

function checksumOf(version: number, publishedMs: number, text: string): string {
  const bytes = new TextEncoder().encode(`${version} ${publishedMs}\n${text}`);
  return checksum(bytes).toString(16).padStart(8, '0');
}
