import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { formatProblems, parseConfig } from '../../../deploy/config.ts';

const kubernetes = suite('deploy/examples/kubernetes');

/** What the API allows of what is used here: a key that is not is an error, as with kubectl. */
const labels = z.record(z.string(), z.string());
const metadata = z.strictObject({ name: z.string(), labels, annotations: labels.optional() });
const selector = z.strictObject({ matchLabels: labels });
const probe = z.strictObject({
  httpGet: z.strictObject({ path: z.string().startsWith('/'), port: z.string() }),
  periodSeconds: z.int().optional(),
  timeoutSeconds: z.int().optional(),
  failureThreshold: z.int().optional(),
});
const quantity = z.string().regex(/^\d+(m|Mi|Gi)?$/);
const container = z.strictObject({
  name: z.string(),
  image: z.string(),
  args: z.array(z.string()),
  ports: z.array(z.strictObject({ name: z.string(), containerPort: z.int() })),
  startupProbe: probe,
  livenessProbe: probe,
  readinessProbe: probe,
  resources: z.strictObject({
    requests: z.record(z.string(), quantity),
    limits: z.record(z.string(), quantity),
  }),
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
  }),
  volumeMounts: z.array(
    z.strictObject({ name: z.string(), mountPath: z.string(), readOnly: z.boolean().optional() }),
  ),
});
const podSpec = z.strictObject({
  terminationGracePeriodSeconds: z.int().min(30),
  automountServiceAccountToken: z.literal(false),
  securityContext: z.strictObject({
    runAsNonRoot: z.literal(true),
    runAsUser: z.int(),
    runAsGroup: z.int(),
    fsGroup: z.int(),
    fsGroupChangePolicy: z.enum(['OnRootMismatch', 'Always']),
    seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
  }),
  containers: z.array(container).length(1),
  volumes: z.array(
    z.strictObject({
      name: z.string(),
      configMap: z.strictObject({ name: z.string() }).optional(),
      emptyDir: z.strictObject({}).optional(),
    }),
  ),
});
const claim = z.strictObject({
  metadata,
  spec: z.strictObject({
    accessModes: z.array(z.enum(['ReadWriteOnce', 'ReadWriteOncePod'])),
    resources: z.strictObject({ requests: z.strictObject({ storage: quantity }) }),
  }),
});
const retain = z.enum(['Retain', 'Delete']);
const statefulSet = z.strictObject({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('StatefulSet'),
  metadata,
  spec: z.strictObject({
    serviceName: z.string(),
    replicas: z.literal(1),
    selector,
    template: z.strictObject({
      metadata: metadata.omit({ name: true }),
      spec: podSpec,
    }),
    persistentVolumeClaimRetentionPolicy: z.strictObject({
      whenDeleted: retain,
      whenScaled: retain,
    }),
    volumeClaimTemplates: z.array(claim),
  }),
});
const service = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Service'),
  metadata,
  spec: z.strictObject({
    clusterIP: z.literal('None').optional(),
    publishNotReadyAddresses: z.boolean().optional(),
    selector: labels,
    ports: z.array(
      z.strictObject({
        name: z.string(),
        port: z.int(),
        targetPort: z.string(),
        appProtocol: z.string().optional(),
      }),
    ),
  }),
});
const configMap = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('ConfigMap'),
  metadata,
  data: z.record(z.string(), z.string()),
});
const disruptionBudget = z.strictObject({
  apiVersion: z.literal('policy/v1'),
  kind: z.literal('PodDisruptionBudget'),
  metadata,
  spec: z.strictObject({ maxUnavailable: z.int(), selector }),
});
const manifest = z.discriminatedUnion('kind', [statefulSet, service, configMap, disruptionBudget]);

const text = readFileSync('deploy/examples/kubernetes.yaml', 'utf8');
const manifests = parseAllDocuments(text).map((document) => {
  assert.equal(document.errors, []);
  return manifest.parse(document.toJS());
});
const set = manifests.find((one) => one.kind === 'StatefulSet')!;
const services = manifests.filter((one) => one.kind === 'Service');
const config = manifests.find((one) => one.kind === 'ConfigMap')!;
const budget = manifests.find((one) => one.kind === 'PodDisruptionBudget')!;
const pod = set.spec.template.spec;
const [varve] = pod.containers;

kubernetes('everything selects the labels of the pod', () => {
  const { labels: podLabels } = set.spec.template.metadata;
  const selected = [
    set.spec.selector.matchLabels,
    budget.spec.selector.matchLabels,
    ...services.map(({ spec }) => spec.selector),
  ];
  for (const one of selected) assert.equal(one, podLabels);
  const headless = services.find(({ spec }) => spec.clusterIP === 'None')!;
  assert.is(set.spec.serviceName, headless.metadata.name);
});

kubernetes('ports and mounts that are named are there', () => {
  const ports = new Set(varve!.ports.map(({ name }) => name));
  const { startupProbe, livenessProbe, readinessProbe } = varve!;
  for (const { httpGet } of [startupProbe, livenessProbe, readinessProbe]) {
    assert.ok(ports.has(httpGet.port));
  }
  for (const { spec } of services) {
    for (const { targetPort } of spec.ports) assert.ok(ports.has(targetPort));
  }
  const volumes = [
    ...pod.volumes.map(({ name }) => name),
    ...set.spec.volumeClaimTemplates.map((template) => template.metadata.name),
  ];
  assert.equal(varve!.volumeMounts.map(({ name }) => name).sort(), volumes.sort());
});

kubernetes('the config is valid and keeps its data on the claim', () => {
  const result = parseConfig('varve.yaml', config.data['varve.yaml']!);
  assert.ok(result.ok, result.ok ? '' : formatProblems(result.problems));
  const data = varve!.volumeMounts.find(({ name }) => name === 'data')!;
  assert.is(result.config.data_dir, data.mountPath);
  const ports = varve!.ports.map(({ containerPort }) => containerPort);
  assert.equal([result.config.grpc.listen.port, result.config.http.listen.port], ports);
});

kubernetes('the pod runs as the user of the image', () => {
  const image = readFileSync('deploy/Dockerfile', 'utf8');
  assert.match(image, new RegExp(`--uid ${pod.securityContext.runAsUser} `));
  assert.match(image, new RegExp(`--gid ${pod.securityContext.runAsGroup} `));
});

kubernetes.run();
