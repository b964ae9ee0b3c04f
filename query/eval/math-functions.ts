// Functions of one number, and of a time.

type NumberFunction = (value: number) => number;

function sign(value: number): number {
  if (value > 0) return 1;
  return value < 0 ? -1 : value;
}

/** A function of the calendar, in UTC; the value is seconds since the epoch. */
function ofDate(part: (date: Date) => number): NumberFunction {
  return (value) => part(new Date(Math.trunc(value) * 1000));
}

const DAY_MS = 86_400_000;

function dayOfYear(date: Date): number {
  const newYearMs = Date.UTC(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - newYearMs) / DAY_MS) + 1;
}

function daysInMonth(date: Date): number {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}

export const MATH_FUNCTIONS: Readonly<Record<string, NumberFunction>> = {
  abs: Math.abs,
  acos: Math.acos,
  acosh: Math.acosh,
  asin: Math.asin,
  asinh: Math.asinh,
  atan: Math.atan,
  atanh: Math.atanh,
  ceil: Math.ceil,
  cos: Math.cos,
  cosh: Math.cosh,
  deg: (value) => (value * 180) / Math.PI,
  exp: Math.exp,
  floor: Math.floor,
  ln: Math.log,
  log10: Math.log10,
  log2: Math.log2,
  rad: (value) => (value * Math.PI) / 180,
  sgn: sign,
  sin: Math.sin,
  sinh: Math.sinh,
  sqrt: Math.sqrt,
  tan: Math.tan,
  tanh: Math.tanh,
};

export const DATE_FUNCTIONS: Readonly<Record<string, NumberFunction>> = {
  day_of_month: ofDate((date) => date.getUTCDate()),
  day_of_week: ofDate((date) => date.getUTCDay()),
  day_of_year: ofDate(dayOfYear),
  days_in_month: ofDate(daysInMonth),
  hour: ofDate((date) => date.getUTCHours()),
  minute: ofDate((date) => date.getUTCMinutes()),
  month: ofDate((date) => date.getUTCMonth() + 1),
  year: ofDate((date) => date.getUTCFullYear()),
};
