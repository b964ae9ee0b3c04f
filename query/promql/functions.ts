// The functions there are: what they take and give. How they are computed is in ../eval/.

export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';

export interface Signature {
  /** Types of the arguments; the last may be left out or repeated as `optional` and `most` say. */
  readonly args: readonly ValueType[];
  /** How many of the last arguments may be left out. */
  readonly optional: number;
  /** The most arguments there may be. */
  readonly most: number;
  readonly returns: ValueType;
}

const LETTERS = { s: 'scalar', v: 'vector', m: 'matrix', t: 'string' } as const;

/**
 * Names by signature: one letter per argument, `?` behind the last one when it may be left out,
 * `*` when it may also be repeated without end, `>` and the type given back.
 */
const SIGNATURES: Readonly<Record<string, string>> = {
  'v>v':
    'abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor ln log10 log2 rad ' +
    'sgn sin sinh sort sort_desc sqrt tan tanh timestamp histogram_avg histogram_count ' +
    'histogram_sum histogram_stddev histogram_stdvar',
  'v>s': 'scalar',
  's>v': 'vector',
  '>s': 'pi time start end range step',
  'v?>v': 'days_in_month day_of_month day_of_week day_of_year hour minute month year',
  'vs?>v': 'round',
  'ss>s': 'max_of min_of',
  'vs>v': 'clamp_max clamp_min',
  'vss>v': 'clamp',
  'vtttt>v': 'label_replace',
  'vttt*>v': 'label_join',
  'vt*>v': 'sort_by_label sort_by_label_desc',
  'sv>v': 'histogram_quantile',
  'ssv>v': 'histogram_fraction',
  'vtss*>v': 'histogram_quantiles',
  'vv?>v': 'info',
  'm>v':
    'absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta ' +
    'increase irate last_over_time mad_over_time max_over_time min_over_time present_over_time ' +
    'rate resets stddev_over_time stdvar_over_time sum_over_time ts_of_first_over_time ' +
    'ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time',
  'ms>v': 'predict_linear',
  'mss>v': 'double_exponential_smoothing',
  'sm>v': 'quantile_over_time',
};

const FUNCTIONS: ReadonlyMap<string, Signature> = new Map(
  Object.entries(SIGNATURES).flatMap(([text, names]) =>
    names.split(' ').map((name) => [name, signature(text)] as const),
  ),
);

/** undefined when there is no such function. */
export function findFunction(name: string): Signature | undefined {
  return FUNCTIONS.get(name);
}

function signature(text: string): Signature {
  const [takes, gives] = text.split('>') as [string, keyof typeof LETTERS];
  const args = [...takes].filter((c) => c in LETTERS).map((c) => LETTERS[c as 's']);
  const variable = takes.endsWith('?') || takes.endsWith('*');
  return {
    args,
    optional: variable ? 1 : 0,
    most: takes.endsWith('*') ? Infinity : args.length,
    returns: LETTERS[gives],
  };
}
