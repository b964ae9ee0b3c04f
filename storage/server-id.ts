// The file server-id: a name for this server among those that share a Redis, and its checksum.
//
//   3b241101-e2bb-4255-8caf-4136c566a962 5f0bd1d4     id, CRC-32 of it in hex, a line feed

import { checksum } from './coding/checksum.ts';

/** Early versions wrote no checksum. One that has become part of the id makes it too long. */
const FORM = /^([A-Za-z0-9-]{8,36})(?: ([0-9a-f]{8}))?\n$/;

/** `id`: 8 to 36 letters, digits and dashes. */
export function encodeServerId(id: string): string {
  return `${id} ${checksumOf(id)}\n`;
}

/** Undefined when the text is damaged. */
export function decodeServerId(text: string): string | undefined {
  const [, id, found] = FORM.exec(text) ?? [];
  if (id === undefined || (found !== undefined && found !== checksumOf(id))) return undefined;
  return id;
}

function checksumOf(id: string): string {
  return checksum(new TextEncoder().encode(id)).toString(16).padStart(8, '0');
}
