// Floats as Prometheus prints them: Go's strconv with format 'f' and the shortest precision that
// reads back the same.

/** `+Inf`, `-Inf`, `NaN`, or decimal digits without an exponent. */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (Object.is(value, -0)) return '-0';
  const text = String(value);
  return text.includes('e') ? withoutExponent(text) : text;
}

/** `1.5e-7` as `0.00000015`. */
function withoutExponent(text: string): string {
  const [mantissa, exponent] = text.split('e') as [string, string];
  const sign = mantissa.startsWith('-') ? '-' : '';
  const [whole, fraction = ''] = mantissa.slice(sign.length).split('.') as [string, string?];
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, '0');
}

/** Go's %g: an exponent below 1e-4 and from 1e6 on. */
export function formatShort(value: number): string {
  if (!Number.isFinite(value)) return formatFloat(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) {
    const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
    return `${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
  }
  return formatFloat(value);
}

/** As in the JSON of the HTTP API: an exponent below 1e-6 and from 1e21 on. */
export function formatJson(value: number): string {
  const text = Number.isFinite(value) ? String(value) : formatFloat(value);
  if (value === 0) return Object.is(value, -0) ? '-0' : text;
  const size = Math.abs(value);
  if (size >= 1e-6 && size < 1e21) return text;
  // JavaScript changes to an exponent where Go does; Go writes at least two digits of it.
  return text.replace(/e([+-])(\d)$/, (_, sign, digit) => `e${sign}0${digit}`);
}
