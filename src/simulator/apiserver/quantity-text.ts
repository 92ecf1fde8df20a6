/** The canonical text of a quantity: apimachinery/pkg/api/resource/quantity.go, CanonicalizeBytes. */

const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?([eE][+-]?\d+|[numkMGTPE]|[KMGTPE]i|)$/;
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const NANO = 10n ** 9n;

export const QUANTITY_ERROR =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** The same few are written again and again. Forgotten all at once, so that the map stays small. */
const REMEMBERED = 1_000;
const known = new Map<string | number, string | undefined>();

/** `0.5` becomes `500m`, `1.5Gi` becomes `1536Mi`; undefined when the text is no quantity. */
export function canonicalQuantity(value: string | number): string | undefined {
  if (!known.has(value)) {
    if (known.size >= REMEMBERED) known.clear();
    known.set(value, canonicalText(value));
  }
  return known.get(value);
}

function canonicalText(value: string | number): string | undefined {
  const match = PATTERN.exec(String(value));
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', suffix = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  const isBinary = suffix.endsWith('i');
  const exponent = /^[eE]/.test(suffix) ? Number(suffix.slice(1)) : (DECIMAL.indexOf(suffix) - 3) * 3;

  // In billionths, the finest that a quantity can be, rounded up.
  let digits = BigInt(whole + fraction) * NANO;
  let divisor = 10n ** BigInt(fraction.length);
  if (isBinary) digits *= 1024n ** BigInt(BINARY.indexOf(suffix));
  else if (exponent >= 0) digits *= 10n ** BigInt(exponent);
  else divisor *= 10n ** BigInt(-exponent);
  const nano = digits / divisor + (digits % divisor === 0n ? 0n : 1n);
  if (nano === 0n) return '0';

  const text = isBinary ? binaryText(nano) : /^[eE]/.test(suffix) ? exponentText(nano) : decimalText(nano);
  return sign === '-' ? `-${text}` : text;
}

function binaryText(nano: bigint): string {
  // Below 1024 and not whole, the decimal form is used.
  if (nano % NANO !== 0n || nano < 1024n * NANO) return decimalText(nano);
  let value = nano / NANO;
  let index = 0;
  while (value % 1024n === 0n && index < BINARY.length - 1) {
    value /= 1024n;
    index++;
  }
  return `${value}${BINARY[index]}`;
}

function decimalText(nano: bigint): string {
  let value = nano;
  let index = 0;
  while (value % 1000n === 0n && index < DECIMAL.length - 1) {
    value /= 1000n;
    index++;
  }
  return `${value}${DECIMAL[index]}`;
}

function exponentText(nano: bigint): string {
  let value = nano;
  let exponent = -9;
  while (value % 1000n === 0n) {
    value /= 1000n;
    exponent += 3;
  }
  return exponent === 0 ? String(value) : `${value}e${exponent}`;
}
