// The explorer page: three static files, read once and served from memory. They need nothing from
// anywhere else, and the policy forbids the browser to try.

import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { projectFile } from '../project.ts';

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const FILES = [
  { path: '/', file: 'index.html', type: 'text/html; charset=utf-8' },
  { path: '/page/explorer.js', file: 'explorer.js', type: 'text/javascript; charset=utf-8' },
  { path: '/page/plot.js', file: 'plot.js', type: 'text/javascript; charset=utf-8' },
  { path: '/page/style.css', file: 'style.css', type: 'text/css; charset=utf-8' },
] as const;

/** Whether `path` is a file of the page, which tells nothing of what is stored. */
export function isPage(path: string): boolean {
  return FILES.some((file) => file.path === path);
}

export function registerPage(app: FastifyInstance): void {
  for (const { path, file, type } of FILES) {
    const body = readFileSync(projectFile(`deploy/page/${file}`));
    app.get(path, (_request, reply) =>
      reply
        .header('content-type', type)
        .header('content-security-policy', CONTENT_SECURITY_POLICY)
        .header('x-content-type-options', 'nosniff')
        .header('referrer-policy', 'no-referrer')
        .header('cache-control', 'no-cache')
        .send(body),
    );
  }
}
