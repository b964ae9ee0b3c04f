// A server that watches itself and has had a bit of everything happen to it: what dashboards and
// alerts ask of it has answers.

import { connect } from './client.ts';
import { serveVarve, type VarveProcess } from './varve-process.ts';

export interface WatchedVarve {
  readonly varve: VarveProcess;
  /** Names of its metrics, of those of its host, and of the parts of histograms. */
  readonly names: ReadonlySet<string>;
  /** The answer to an instant query. */
  query(expression: string): Promise<QueryAnswer>;
}

export interface QueryAnswer {
  readonly status: string;
  readonly error?: string;
  readonly data?: { readonly result: readonly unknown[] };
}

/** To be stopped by the caller. Its own points are stored when this resolves. */
export async function startWatched(): Promise<WatchedVarve> {
  const varve = await serveVarve();
  await varve.logged(/the first points are in/);
  const client = connect(varve.grpc);
  const labels = [{ name: '__name__', value: 'test_far_away' }];
  await client.write({ series: [{ labels, timestampsMs: [4_102_444_800_000n], values: [1] }] });
  client.close();
  const query = async (expression: string): Promise<QueryAnswer> => {
    const parameters = new URLSearchParams({ query: expression });
    return (await fetch(`${varve.http}/api/v1/query?${parameters}`)).json() as never;
  };
  await query('vector(1)');
  return { varve, names: await namesOf(varve), query };
}

async function namesOf({ http }: VarveProcess): Promise<ReadonlySet<string>> {
  const stored = await fetch(`${http}/api/v1/label/__name__/values`);
  const { data } = (await stored.json()) as { data: string[] };
  const exposition = await (await fetch(`${http}/metrics`)).text();
  const own = [...exposition.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name, type]) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map((part) => name + part) : [name!],
  );
  return new Set([...data, ...own]);
}

/** Names of metrics of the server, its process and its host in an expression. */
export function metricsIn(expression: string): string[] {
  return expression.match(/\b(?:varve|process|nodejs|node)_[a-z0-9_]+\b/g) ?? [];
}
