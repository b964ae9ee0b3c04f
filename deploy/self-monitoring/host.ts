// The host as node_exporter would show it. A source that this system does not have is left out, so
// that off Linux there is what Node itself can tell.

import { readFile, statfs } from 'node:fs/promises';
import os from 'node:os';
import {
  type Mount,
  parseDiskstats,
  parseLoadAverage,
  parseMeminfo,
  parseMounts,
  parseNetworkDevices,
  parseStat,
} from './proc-files.ts';
import { type Sample, sample } from './sample.ts';

const PROC_FILES: readonly (readonly [string, (text: string) => Sample[]])[] = [
  ['/proc/stat', parseStat],
  ['/proc/meminfo', parseMeminfo],
  ['/proc/diskstats', parseDiskstats],
  ['/proc/net/dev', parseNetworkDevices],
];

/** Everything that can be read about the host at `nowMs`. */
export async function readHost(nowMs: number): Promise<Sample[]> {
  const groups = await Promise.all([
    sample('node_time_seconds', nowMs / 1000),
    readUname(),
    readLoad(),
    ...PROC_FILES.map(async ([path, parse]) => parse(await textOf(path))),
    readFileSystems(),
  ]);
  return groups.flat();
}

async function readUname(): Promise<Sample> {
  const domain = (await textOf('/proc/sys/kernel/domainname')).trim();
  return sample('node_uname_info', 1, {
    sysname: os.type(),
    release: os.release(),
    version: os.version(),
    machine: os.machine(),
    nodename: os.hostname(),
    domainname: domain === '' ? '(none)' : domain,
  });
}

async function readLoad(): Promise<Sample[]> {
  const text = await textOf('/proc/loadavg');
  return parseLoadAverage(text === '' ? os.loadavg().join(' ') : text);
}

async function readFileSystems(): Promise<Sample[]> {
  const mounts = parseMounts(await textOf('/proc/self/mounts'));
  return (await Promise.all(mounts.map(readFileSystem))).flat();
}

async function readFileSystem({ readOnly, ...labels }: Mount): Promise<Sample[]> {
  try {
    const found = await statfs(labels.mountpoint);
    if (found.blocks === 0) return [];
    return [
      sample('node_filesystem_size_bytes', found.blocks * found.bsize, { ...labels }),
      sample('node_filesystem_free_bytes', found.bfree * found.bsize, { ...labels }),
      sample('node_filesystem_avail_bytes', found.bavail * found.bsize, { ...labels }),
      sample('node_filesystem_files', found.files, { ...labels }),
      sample('node_filesystem_files_free', found.ffree, { ...labels }),
      sample('node_filesystem_readonly', readOnly ? 1 : 0, { ...labels }),
    ];
  } catch {
    return []; // not ours to see, or unmounted since
  }
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
