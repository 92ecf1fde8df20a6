/**
 * Kubernetes resource quantities ("100m", "1.5Gi", "2e3") as plain numbers.
 * Grammar: k8s.io/apimachinery/pkg/api/resource/quantity.go.
 */

const SUFFIX_MULTIPLIERS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei))?$/;

/** The quantity in base units (cores, bytes, pieces). Throws a RangeError that quotes what was received. */
export function parseQuantity(text: string | number): number {
  if (typeof text === 'number') {
    return text;
  }
  const match = QUANTITY.exec(text);
  if (match === null) {
    throw new RangeError(
      `"${text}" is not a quantity: expected a number with an optional suffix, as in 100m, 2 or 1.5Gi`,
    );
  }
  const [, digits = '', exponent = '', suffix = ''] = match;
  const multiplier = SUFFIX_MULTIPLIERS[suffix] ?? 1;
  return Number(digits + exponent) * multiplier;
}

/** Thousandths of a unit, rounded up as Quantity.MilliValue does. */
export function parseMilli(text: string | number): number {
  return ceilOfNoise(parseQuantity(text) * 1000);
}

/** Whole units, rounded up as Quantity.Value does. */
export function parseWhole(text: string | number): number {
  return ceilOfNoise(parseQuantity(text));
}

// 0.1 * 3 * 1000 must not become 301: differences below a millionth are floating-point noise.
function ceilOfNoise(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value - rounded) < 1e-6 * Math.max(1, Math.abs(value) * 1e-6) ? rounded : Math.ceil(value);
}
