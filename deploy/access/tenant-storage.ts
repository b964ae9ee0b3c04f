// The part of the storage that a tenant has: every series it writes gets the tenant's labels, and
// there are no others for it. The rooms above are given this instead of the storage, so that
// whatever a request makes of its selectors there is nothing else to be found.

import {
  canonicalLabels,
  createLabelsOverlay,
  type Labels,
  type Matcher,
  type Storage,
  StorageError,
} from '../../storage/index.ts';

type Selectors = readonly (readonly Matcher[])[];

/** What is for operators of the whole: a tenant's door to it is shut in the HTTP app. */
function refuse(): never {
  throw new StorageError('INVALID_ARGUMENT', 'a token with labels has no right to all series');
}

/** `tenant` are the labels that make a series the tenant's. */
export function createTenantStorage(storage: Storage, tenant: Labels): Storage {
  const own: readonly Matcher[] = tenant.map(({ name, value }) => ({ name, type: '=', value }));
  const names = new Set(tenant.map(({ name }) => name));
  const scoped = (selectors: Selectors = [[]]): Selectors =>
    selectors.map((matchers) => [...matchers, ...own]);
  const ofTenant = (labels: Labels): Labels =>
    canonicalLabels([...labels.filter(({ name }) => !names.has(name)), ...tenant]);
  const overlay = createLabelsOverlay(canonicalLabels(tenant));
  return {
    resolve: (labelSets, admit) => storage.resolve(labelSets.map(ofTenant), admit),
    renew: (id) => storage.renew(id),
    findInUse(bytes, length) {
      const own = overlay(bytes, length);
      return storage.findInUse(own.bytes, own.length);
    },
    holdSeries: (ids) => storage.holdSeries(ids),
    load: (ids) => storage.load(ids),
    policyOf: (id) => storage.policyOf(id),
    labelsOf: (id) => storage.labelsOf(id),
    get policies() {
      return storage.policies;
    },
    get seriesCount() {
      return storage.seriesCount;
    },
    append: (batch) => storage.append(batch),
    appendEvents: (batch) => storage.appendEvents(batch),
    scan: (request) => storage.scan({ ...request, selectors: scoped(request.selectors) }),
    scanSlices: (request) =>
      storage.scanSlices({ ...request, selectors: scoped(request.selectors) }),
    scanEvents: (request) =>
      storage.scanEvents({ ...request, selectors: scoped(request.selectors) }),
    findEvents: (search) => storage.findEvents({ ...search, selectors: scoped(search.selectors) }),
    series: (selectors, range) => storage.series(scoped(selectors), range),
    labelNames: (selectors, range) => storage.labelNames(scoped(selectors), range),
    labelValues: (name, selectors, range) => storage.labelValues(name, scoped(selectors), range),
    cardinality: async () => refuse(),
    census: (matchers, sampleMax) => storage.census([...matchers, ...own], sampleMax),
    windows: () => storage.windows(),
    deletePoints: (selectors, range) => storage.deletePoints(scoped(selectors), range),
    cleanTombstones: async () => refuse(),
    snapshot: async () => refuse(),
    dropWindows: async () => refuse(),
    rollUp: async () => refuse(),
    setPolicies: async () => refuse(),
    flush: async () => refuse(),
    compact: async () => refuse(),
    compactDue: async () => refuse(),
    stats: () => storage.stats(),
    close: async () => refuse(),
    [Symbol.asyncDispose]: async () => refuse(),
  };
}
