import { readFileSync } from 'node:fs';

/** The file system that `dir` lies on, with its options as of proc(5): `ext4 (rw,relatime)`. */
export function mountOf(dir: string): string {
  if (process.platform !== 'linux') return 'an unknown file system';
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, point = '']) => point === '/' || dir === point || dir.startsWith(`${point}/`))
    .sort(([, a = ''], [, b = '']) => a.length - b.length);
  const [, , type, options] = mounts.at(-1)!;
  return `${type} (${options})`;
}
