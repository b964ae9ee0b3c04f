// The functions of a range vector, by name.

import { createChangeKernel } from './change-kernel.ts';
import { EVENT_FUNCTIONS } from './event-functions.ts';
import { avgOverTime, OVER_TIME_FUNCTIONS, sumOverTime } from './over-time-functions.ts';
import { createKernel, type Kernel, type RangeFunction, type RangePlan } from './range-function.ts';
import { RATE_FUNCTIONS } from './rate-functions.ts';
import { createSumKernel } from './sum-kernel.ts';

const FUNCTIONS: Readonly<Record<string, RangeFunction>> = {
  ...RATE_FUNCTIONS,
  ...OVER_TIME_FUNCTIONS,
};

/** Those that have a faster way than range by range. */
const KERNELS: Readonly<Record<string, (plan: RangePlan) => Kernel>> = {
  rate: (plan) => createChangeKernel(plan, true, true),
  increase: (plan) => createChangeKernel(plan, true, false),
  delta: (plan) => createChangeKernel(plan, false, false),
  sum_over_time: (plan) => createSumKernel(plan, sumOverTime, false),
  avg_over_time: (plan) => createSumKernel(plan, avgOverTime, true),
};

export function isRangeFunction(name: string): boolean {
  return Object.hasOwn(FUNCTIONS, name) || Object.hasOwn(KERNELS, name);
}

/** Whether it has such a way, which looks at every point once. */
export function hasKernel(name: string): boolean {
  return Object.hasOwn(KERNELS, name);
}

/** Of a function that `isRangeFunction` knows. */
export function createRangeKernel(name: string, plan: RangePlan): Kernel {
  const ofPoints = KERNELS[name]?.(plan) ?? createKernel(FUNCTIONS[name]!, plan);
  const compute = EVENT_FUNCTIONS[name];
  if (compute === undefined) return ofPoints;
  const ofEvents = createKernel(compute, plan);
  return (column, from, to) => {
    if (column.isEvents) ofEvents(column, from, to);
    else ofPoints(column, from, to);
  };
}
