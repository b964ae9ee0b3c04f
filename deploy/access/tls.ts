// The certificates of both ports, read from the files that the config names.

import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Config } from '../config.ts';
import { systemReason, UserError } from '../user-error.ts';

/** PEM. */
export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Whoever connects must show a certificate that this one signed. */
  readonly ca?: Buffer;
}

/** Undefined without `tls.cert`. Throws UserError when a file cannot be used. */
export function readTls({ tls }: Pick<Config, 'tls'>): TlsMaterial | undefined {
  if (tls.cert === null || tls.key === null) return undefined;
  const material = {
    cert: read('cert', tls.cert),
    key: read('key', tls.key),
    ...(tls.client_ca !== null && { ca: read('client_ca', tls.client_ca) }),
  };
  try {
    createSecureContext(material);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const files = `tls.cert ${tls.cert} and tls.key ${tls.key}`;
    throw new UserError(`${files} do not make a certificate: ${reason}; give a PEM pair`);
  }
  return material;
}

function read(key: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UserError(`cannot read tls.${key} ${path}: ${systemReason(error)}`);
  }
}
