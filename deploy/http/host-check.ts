// Keeps web pages of other sites away from a server that listens on loopback without a password.
// A page can make a browser send requests here (a foreign Origin), or make its own name point to
// 127.0.0.1 and pass for this server (an unknown Host); both are refused.

import { isLoopback, parseAddress } from '../config.ts';

export interface HostRules {
  /** Where the server listens; the rules hold on loopback. */
  readonly listenHost: string;
  /** Further Host values, with a port or for any port. */
  readonly allowedHosts: readonly string[];
  /** Origins whose pages may read and write. */
  readonly corsOrigins: readonly string[];
}

export interface HostHeaders {
  readonly host: string | undefined;
  readonly origin: string | undefined;
}

export interface HostRefusal {
  readonly reason: 'host' | 'origin';
  readonly message: string;
}

/** Why a request is refused, or undefined. */
export function refusalOf(
  rules: HostRules,
  { host, origin }: HostHeaders,
): HostRefusal | undefined {
  if (!isLoopback(rules.listenHost)) return undefined;
  if (host === undefined || !isKnownHost(rules, host)) {
    const message = `the Host ${host ?? '(none)'} is not known here: add it to http.allowed_hosts`;
    return { reason: 'host', message };
  }
  if (origin === undefined || isSameOrigin(origin, host) || isCorsOrigin(rules, origin)) {
    return undefined;
  }
  const message = `pages of ${origin} may not use this server: add it to http.cors_origins`;
  return { reason: 'origin', message };
}

/** Whether the answer may be read by a page of `origin`. */
export function isCorsOrigin({ corsOrigins }: HostRules, origin: string): boolean {
  return corsOrigins.some((allowed) => allowed.toLowerCase() === origin.toLowerCase());
}

function isKnownHost(rules: HostRules, host: string): boolean {
  const lower = host.toLowerCase();
  const name = nameOf(lower);
  return (
    isLoopback(name) ||
    rules.allowedHosts.some((allowed) => [lower, name].includes(allowed.toLowerCase()))
  );
}

/** `name:port`, `name`, `[::1]:port` and `[::1]` without the port and brackets. */
function nameOf(host: string): string {
  return parseAddress(host)?.host ?? host.replace(/^\[(.*)\]$/, '$1');
}

function isSameOrigin(origin: string, host: string): boolean {
  return origin.toLowerCase() === `http://${host.toLowerCase()}`;
}
