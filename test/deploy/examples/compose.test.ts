import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { z } from 'zod';
import { formatProblems, parseConfig } from '../../../deploy/config.ts';

const compose = suite('deploy/examples/compose');

const DIR = 'deploy/examples';

/** What the Compose Specification allows of what is used here: a key that is not is an error. */
const dependencies = z.record(
  z.string(),
  z.strictObject({
    condition: z.enum(['service_started', 'service_healthy', 'service_completed_successfully']),
  }),
);
const duration = z.string().regex(/^(\d+(us|ms|s|m|h))+$/);
const service = z.strictObject({
  build: z.strictObject({ context: z.string(), dockerfile: z.string() }).optional(),
  image: z.string().regex(/^[a-z0-9./-]+(:[\w.-]+)?$/),
  command: z.array(z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  ports: z.array(z.string().regex(/^127\.0\.0\.1:\d+:\d+$/)).optional(),
  depends_on: dependencies.optional(),
  healthcheck: z
    .strictObject({
      test: z.array(z.string()),
      interval: duration,
      timeout: duration,
      retries: z.int(),
    })
    .optional(),
  stop_grace_period: duration.optional(),
  ulimits: z.record(z.string(), z.int()).optional(),
  read_only: z.boolean().optional(),
  tmpfs: z.array(z.string()).optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  pid: z.string().optional(),
  restart: z.enum(['no', 'always', 'on-failure', 'unless-stopped']),
});
const composition = z.strictObject({
  name: z.string(),
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.null()),
});

function yamlOf(path: string): unknown {
  return parse(readFileSync(join(DIR, path), 'utf8'));
}

const { services, volumes } = composition.parse(yamlOf('compose.yaml'));
const mounts = Object.values(services)
  .flatMap((one) => one.volumes ?? [])
  .map((mount) => mount.split(':') as [string, string, string?]);

compose('every file that it mounts or builds from is there', () => {
  const files = mounts.map(([source]) => source).filter((source) => source.startsWith('.'));
  assert.ok(files.length >= 5);
  for (const file of files) assert.ok(existsSync(join(DIR, file)), file);
  const { context, dockerfile } = services['varve']!.build!;
  assert.ok(existsSync(join(DIR, context, dockerfile)));
});

compose('every named volume is declared, and every declared one is used', () => {
  const named = mounts.map(([source]) => source).filter((source) => /^\w/.test(source));
  assert.equal(named.sort(), Object.keys(volumes).sort());
});

compose('who waits for the health of a service waits for one that tells it', () => {
  const image = readFileSync('deploy/Dockerfile', 'utf8');
  for (const [name, { depends_on }] of Object.entries(services)) {
    for (const other of Object.keys(depends_on ?? {})) {
      const told = services[other]!.healthcheck !== undefined || services[other]!.image === 'varve';
      assert.ok(told, `${name} waits for ${other}`);
    }
  }
  assert.match(image, /^HEALTHCHECK /m);
});

compose('the config of varve is valid, and names services and mounts of the composition', () => {
  const text = readFileSync(join(DIR, 'compose/varve.yaml'), 'utf8');
  const result = parseConfig('compose/varve.yaml', text);
  assert.ok(result.ok, result.ok ? '' : formatProblems(result.problems));
  assert.is(new URL(result.config.retention.redis!).hostname, 'redis');
  assert.ok(
    services['varve']!.volumes!.some((mount) => mount.endsWith(`:${result.config.data_dir}`)),
  );
});

compose('Grafana asks varve, and looks for dashboards where one is mounted', () => {
  const { datasources } = yamlOf('compose/grafana/datasource.yaml') as {
    datasources: { type: string; url: string }[];
  };
  assert.equal(
    datasources.map(({ type, url }) => [type, url]),
    [['prometheus', 'http://varve:4318']],
  );
  const { providers } = yamlOf('compose/grafana/dashboards.yaml') as {
    providers: { options: { path: string } }[];
  };
  const [, target] = mounts.find(([source]) => source === './dashboard.json')!;
  assert.ok(target.startsWith(`${providers[0]!.options.path}/`));
});

compose('each pipeline of the collector names parts that it has', () => {
  const config = yamlOf('compose/collector.yaml') as Record<string, Record<string, unknown>> & {
    service: { pipelines: Record<string, Record<string, string[]>> };
    exporters: { otlp: { endpoint: string } };
  };
  for (const parts of Object.values(config.service.pipelines)) {
    for (const [kind, names] of Object.entries(parts)) {
      for (const name of names) assert.ok(name in config[kind]!, `${kind} ${name}`);
    }
  }
  assert.is(config.exporters.otlp.endpoint, 'varve:4317');
});

compose.run();
