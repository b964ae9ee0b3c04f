// Sums that keep what addition rounds off (Kahan, in Neumaier's form). Prometheus sums this way
// wherever the order or the size of the values could show in the result.

export interface KahanSum {
  sum: number;
  compensation: number;
}

export function createKahanSum(): KahanSum {
  return { sum: 0, compensation: 0 };
}

export function kahanAdd(total: KahanSum, value: number): void {
  const next = total.sum + value;
  if (next === Infinity || next === -Infinity) {
    total.compensation = 0;
  } else if (Math.abs(total.sum) >= Math.abs(value)) {
    total.compensation += total.sum - next + value;
  } else {
    total.compensation += value - next + total.sum;
  }
  total.sum = next;
}

export function kahanTotal(total: KahanSum): number {
  return Number.isFinite(total.sum) ? total.sum + total.compensation : total.sum;
}

/** A mean that is exact where it can be: a sum, and where that would overflow a running mean. */
export interface KahanMean extends KahanSum {
  count: number;
  /** `sum` is the running mean instead of the sum. */
  running: boolean;
}

export function createKahanMean(): KahanMean {
  return meanOf(0, 0, 0);
}

/** The mean of `count` values whose sum is known. */
export function meanOf(sum: number, compensation: number, count: number): KahanMean {
  return { sum, compensation, count, running: false };
}

export function meanAdd(mean: KahanMean, value: number): void {
  mean.count++;
  if (mean.count === 1) {
    mean.sum = value;
    return;
  }
  if (!mean.running) {
    const { sum, compensation } = mean;
    kahanAdd(mean, value);
    if (Math.abs(mean.sum) !== Infinity) return;
    mean.running = true;
    mean.sum = sum / (mean.count - 1);
    mean.compensation = compensation / (mean.count - 1);
  }
  const share = (mean.count - 1) / mean.count;
  mean.sum *= share;
  mean.compensation *= share;
  kahanAdd(mean, value / mean.count);
}

/** The mean of all that two are of, where no sum can hold it. */
export function joinMeans(a: KahanMean, b: KahanMean): KahanMean {
  if (a.count === 0) return b;
  const count = a.count + b.count;
  const mean = meanTotal(a) * (a.count / count) + meanTotal(b) * (b.count / count);
  return { sum: mean, compensation: 0, count, running: true };
}

export function meanTotal(mean: KahanMean): number {
  if (mean.running) return mean.sum + mean.compensation;
  return mean.sum / mean.count + mean.compensation / mean.count;
}
