import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  parseDiskstats,
  parseLoadAverage,
  parseMeminfo,
  parseMounts,
  parseNetworkDevices,
  parseStat,
} from '../../../deploy/self-monitoring/proc-files.ts';
import type { Sample } from '../../../deploy/self-monitoring/sample.ts';

const procFiles = suite('deploy/self-monitoring/proc-files');

/** `name{label="value"} 1`, sorted. */
function lines(samples: readonly Sample[]): string[] {
  return samples
    .map(({ name, labels, value }) => {
      const pairs = Object.entries(labels).map(([key, text]) => `${key}=${text}`);
      return `${name}{${pairs.join(',')}} ${value}`;
    })
    .sort();
}

procFiles('loadavg has three loads', () => {
  assert.equal(lines(parseLoadAverage('0.52 1.58 12.59 3/467 12345\n')), [
    'node_load15{} 12.59',
    'node_load1{} 0.52',
    'node_load5{} 1.58',
  ]);
});

procFiles('stat has seconds by CPU and mode, without the sum over CPUs', () => {
  const text = `cpu  300 0 100 4000 20 0 5 7 0 0
cpu0 100 1 50 2000 10 2 3 4 0 0
cpu1 200 0 50 2000 10 0 2 3 0 0
intr 12345 1 2 3
ctxt 999
btime 1700000000
processes 4321
procs_running 2
procs_blocked 0
softirq 55 1 2
`;
  const found = lines(parseStat(text));
  assert.is(found.length, 2 * 8 + 6);
  assert.ok(found.includes('node_cpu_seconds_total{cpu=0,mode=user} 1'));
  assert.ok(found.includes('node_cpu_seconds_total{cpu=0,mode=irq} 0.02'));
  assert.ok(found.includes('node_cpu_seconds_total{cpu=1,mode=steal} 0.03'));
  assert.ok(found.includes('node_boot_time_seconds{} 1700000000'));
  assert.ok(found.includes('node_intr_total{} 12345'));
  assert.ok(found.includes('node_context_switches_total{} 999'));
});

procFiles('an old kernel with fewer CPU modes gives those it has', () => {
  assert.is(parseStat('cpu0 1 2 3 4\n').length, 4);
});

procFiles('meminfo is in bytes, and counts stay counts', () => {
  const text = 'MemTotal:       16316412 kB\nActive(anon):       1 kB\nHugePages_Total:       3\n';
  assert.equal(lines(parseMeminfo(text)), [
    'node_memory_Active_anon_bytes{} 1024',
    'node_memory_HugePages_Total{} 3',
    `node_memory_MemTotal_bytes{} ${16316412 * 1024}`,
  ]);
});

procFiles('diskstats counts disks, in bytes and seconds, not their partitions', () => {
  const text = `   8       0 sda 10 2 80 500 20 3 160 1500 1 700 2000 0 0 0 0
   8       1 sda1 9 2 80 500 20 3 160 1500 1 700 2000
   7       0 loop0 1 1 1 1 1 1 1 1 1 1 1
 259       0 nvme0n1 1 0 8 1 0 0 0 0 0 1 1
 259       1 nvme0n1p1 1 0 8 1 0 0 0 0 0 1 1
`;
  const found = parseDiskstats(text);
  assert.equal([...new Set(found.map(({ labels }) => labels['device']))], ['sda', 'nvme0n1']);
  const sda = lines(found.filter(({ labels }) => labels['device'] === 'sda'));
  assert.is(sda.length, 11);
  assert.ok(sda.includes('node_disk_read_bytes_total{device=sda} 40960'));
  assert.ok(sda.includes('node_disk_written_bytes_total{device=sda} 81920'));
  assert.ok(sda.includes('node_disk_write_time_seconds_total{device=sda} 1.5'));
  assert.ok(sda.includes('node_disk_io_now{device=sda} 1'));
});

procFiles('net/dev has a column per counter, also where the name touches the number', () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs
    lo: 100 2 0 0 0 0 0 0 100 2 0 0 0 0 0 0
  eth0:5000 40 1 2 3 4 5 6 7000 50 7 8 9 10 11 12
`;
  const found = lines(parseNetworkDevices(text));
  assert.is(found.length, 2 * 16);
  assert.ok(found.includes('node_network_receive_bytes_total{device=eth0} 5000'));
  assert.ok(found.includes('node_network_receive_multicast_total{device=eth0} 6'));
  assert.ok(found.includes('node_network_transmit_bytes_total{device=eth0} 7000'));
  assert.ok(found.includes('node_network_transmit_compressed_total{device=eth0} 12'));
});

procFiles('mounts are real disks, each mountpoint once', () => {
  const text = `proc /proc proc rw 0 0
overlay / overlay ro,relatime 0 0
overlay /var/lib/docker/overlay2/x/merged overlay rw 0 0
/dev/sda1 /data\\040disk ext4 rw,relatime 0 0
/dev/sda1 /etc/hosts ext4 rw,relatime 0 0
tmpfs /run tmpfs rw 0 0
server:/share /mnt/nfs nfs4 rw 0 0
/dev/sdb1 /etc/hosts xfs rw 0 0
`;
  assert.equal(
    parseMounts(text).map(({ mountpoint, fstype, readOnly }) => [mountpoint, fstype, readOnly]),
    [
      ['/', 'overlay', true],
      ['/data disk', 'ext4', false],
      ['/etc/hosts', 'xfs', false],
      ['/run', 'tmpfs', false],
    ],
  );
});

procFiles('text that makes no sense gives nothing, never NaN', () => {
  for (const parse of [parseLoadAverage, parseStat, parseMeminfo, parseDiskstats]) {
    for (const text of ['', 'x', 'cpu0 a b\nMemTotal: y kB\n8 0 sda x', '\n\n']) {
      assert.ok(parse(text).every(({ value }) => Number.isFinite(value)));
    }
  }
  assert.equal(parseNetworkDevices('eth0: x y'), []);
  assert.equal(parseMounts('only two'), []);
});

procFiles.run();
