// What the kernel tells about the host in /proc, under the names that node_exporter gives it.
// Each function reads the text of one file; lines it does not understand are left out.

import { type Sample, sample } from './sample.ts';

/** The kernel counts CPU time for user space in hundredths of a second, on every architecture. */
const TICKS_PER_SECOND = 100;
/** /proc/diskstats counts in sectors of this size, whatever the disk's own is. */
const SECTOR_BYTES = 512;

const CPU_MODES = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'];

/** Lines of /proc/stat that are one number, and their metric. */
const STAT_TOTALS: Readonly<Record<string, string>> = {
  btime: 'node_boot_time_seconds',
  ctxt: 'node_context_switches_total',
  intr: 'node_intr_total',
  processes: 'node_forks_total',
  procs_running: 'node_procs_running',
  procs_blocked: 'node_procs_blocked',
};

/** /proc/loadavg: `0.52 0.58 0.59 1/467 12345` */
export function parseLoadAverage(text: string): Sample[] {
  const loads = text.trim().split(/\s+/, 3).map(Number);
  return ['node_load1', 'node_load5', 'node_load15'].flatMap((name, index) =>
    finite(name, loads[index]),
  );
}

/** /proc/stat: CPU time by CPU and mode, and the totals since boot. */
export function parseStat(text: string): Sample[] {
  return rows(text).flatMap(([key = '', ...numbers]) => {
    const cpu = /^cpu(\d+)$/.exec(key)?.[1];
    if (cpu !== undefined) {
      return CPU_MODES.flatMap((mode, index) =>
        finite('node_cpu_seconds_total', Number(numbers[index]) / TICKS_PER_SECOND, { cpu, mode }),
      );
    }
    const name = STAT_TOTALS[key];
    return name === undefined ? [] : finite(name, Number(numbers[0]));
  });
}

/** /proc/meminfo: `MemTotal:  16316412 kB`, `Active(anon):  1234 kB`, `HugePages_Total:  0`. */
export function parseMeminfo(text: string): Sample[] {
  return rows(text).flatMap(([key = '', amount, unit]) => {
    const name = key.replace(/:$/, '').replace(/\((.*)\)$/, '_$1');
    return unit === 'kB'
      ? finite(`node_memory_${name}_bytes`, Number(amount) * 1024)
      : finite(`node_memory_${name}`, Number(amount));
  });
}

/** Columns of /proc/diskstats from the fourth on: metric and the factor to its unit. */
const DISK_COLUMNS: readonly (readonly [string, number])[] = [
  ['node_disk_reads_completed_total', 1],
  ['node_disk_reads_merged_total', 1],
  ['node_disk_read_bytes_total', SECTOR_BYTES],
  ['node_disk_read_time_seconds_total', 0.001],
  ['node_disk_writes_completed_total', 1],
  ['node_disk_writes_merged_total', 1],
  ['node_disk_written_bytes_total', SECTOR_BYTES],
  ['node_disk_write_time_seconds_total', 0.001],
  ['node_disk_io_now', 1],
  ['node_disk_io_time_seconds_total', 0.001],
  ['node_disk_io_time_weighted_seconds_total', 0.001],
];

/** Partitions and memory disks: counted with their disk, or not worth counting. */
const DISKS_LEFT_OUT = /^(z?ram|loop|fd|(h|s|v|xv)d[a-z]+|nvme\d+n\d+p|mmcblk\d+p)\d+$/;

/** /proc/diskstats: `8 0 sda 4 0 32 1 ...` */
export function parseDiskstats(text: string): Sample[] {
  return rows(text).flatMap(([, , device, ...numbers]) => {
    if (device === undefined || DISKS_LEFT_OUT.test(device)) return [];
    return DISK_COLUMNS.flatMap(([name, factor], index) =>
      finite(name, Number(numbers[index]) * factor, { device }),
    );
  });
}

const NETWORK_COLUMNS = [
  'receive_bytes',
  'receive_packets',
  'receive_errs',
  'receive_drop',
  'receive_fifo',
  'receive_frame',
  'receive_compressed',
  'receive_multicast',
  'transmit_bytes',
  'transmit_packets',
  'transmit_errs',
  'transmit_drop',
  'transmit_fifo',
  'transmit_colls',
  'transmit_carrier',
  'transmit_compressed',
];

/** /proc/net/dev: two heading lines, then `eth0: 1234 5 0 0 ...` */
export function parseNetworkDevices(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, device, numbers] = /^\s*([^\s:]+):\s*(.*)$/.exec(line) ?? [];
    if (device === undefined || numbers === undefined) return [];
    const columns = numbers.split(/\s+/).map(Number);
    return NETWORK_COLUMNS.flatMap((name, index) =>
      finite(`node_network_${name}_total`, columns[index], { device }),
    );
  });
}

export interface Mount {
  readonly device: string;
  readonly mountpoint: string;
  readonly fstype: string;
  readonly readOnly: boolean;
}

/** Views of the kernel, not storage. */
const KERNEL_FILE_SYSTEMS = new Set(
  (
    'autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs hugetlbfs ' +
    'mqueue nsfs proc pstore rpc_pipefs securityfs selinuxfs squashfs sysfs tracefs'
  ).split(' '),
);
/** Served by other machines or programs, which may let a `statfs` wait for ever. */
const REMOTE_FILE_SYSTEMS = /^(nfs4?|cifs|smb3|9p|ceph|fuse.*)$/;
const MOUNTPOINTS_LEFT_OUT =
  /^\/(dev|proc|sys|run\/credentials|var\/lib\/(docker|containers))($|\/)/;

/** /proc/self/mounts: `/dev/sda1 / ext4 rw,relatime 0 0`, blanks as `\040`; one per mountpoint. */
export function parseMounts(text: string): Mount[] {
  const mounts = rows(text).flatMap(([device, mountpoint, fstype, flags]): Mount[] => {
    if (device === undefined || mountpoint === undefined || fstype === undefined) return [];
    if (KERNEL_FILE_SYSTEMS.has(fstype) || REMOTE_FILE_SYSTEMS.test(fstype)) return [];
    if (MOUNTPOINTS_LEFT_OUT.test(mountpoint)) return [];
    // A container's root is an overlay, and its disk; other overlays repeat it.
    if (fstype === 'overlay' && mountpoint !== '/') return [];
    const readOnly = flags?.split(',').includes('ro') ?? false;
    return [{ device: unescaped(device), mountpoint: unescaped(mountpoint), fstype, readOnly }];
  });
  return [...new Map(mounts.map((mount) => [mount.mountpoint, mount])).values()];
}

function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

function rows(text: string): string[][] {
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => words[0] !== '');
}

function finite(name: string, value: number | undefined, labels?: Sample['labels']): Sample[] {
  return value !== undefined && Number.isFinite(value) ? [sample(name, value, labels)] : [];
}
