// One measured value on its way into the engine, and how it is named there.

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export function sample(
  name: string,
  value: number,
  labels: Readonly<Record<string, string>> = {},
): Sample {
  return { name, labels, value };
}
