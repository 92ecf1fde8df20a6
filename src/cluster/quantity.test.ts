import {describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import {parseMilli, parseQuantity, parseWhole} from './quantity.ts';

describe('parseQuantity', () => {
  it.each([
    {text: '2', value: 2},
    {text: '100m', value: 0.1},
    {text: '1.5Gi', value: 1.5 * 2 ** 30},
    {text: '2e3', value: 2000},
    {text: '1E3', value: 1000},
    {text: '1E', value: 1e18},
    {text: '-.5k', value: -500},
    {text: '5.', value: 5},
    {text: 3, value: 3},
  ])('$text is $value', ({text, value}) => {
    expect(parseQuantity(text)).toBe(value);
  });

  it.each(['', 'Gi', '1 Gi', '1gi', '1K', '0x10', '1e', '.', '1.5.2', 'Infinity'])(
    'refuses "%s" and quotes it',
    (text) => {
      expect(() => parseQuantity(text)).toThrow(
        `"${text}" is not a quantity: expected a number with an optional suffix, as in 100m, 2 or 1.5Gi`,
      );
    },
  );
});

describe('parseMilli and parseWhole', () => {
  it.each([
    {text: '0.1', milli: 100, whole: 1},
    {text: '1.001', milli: 1001, whole: 2},
    {text: '0.3m', milli: 1, whole: 1},
    {text: '1100u', milli: 2, whole: 1},
    {text: '1.1Gi', milli: 1181116006400, whole: 1181116007},
    {text: '0', milli: 0, whole: 0},
  ])('round $text up as the API machinery does: $milli thousandths, $whole whole', ({text, milli, whole}) => {
    expect(parseMilli(text)).toBe(milli);
    expect(parseWhole(text)).toBe(whole);
  });

  it('read back what was written in thousandths, and in every binary unit', () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), (milli) => {
        expect(parseMilli(`${milli}m`)).toBe(milli);
        expect(parseMilli((milli / 1000).toFixed(3))).toBe(milli);
        expect(parseMilli(`${milli}e-3`)).toBe(milli);
      }),
      {numRuns: 500},
    );
    fc.assert(
      fc.property(fc.nat(4096), fc.constantFrom('Ki', 'Mi', 'Gi', 'Ti'), (count, unit) => {
        expect(parseWhole(`${count}${unit}`)).toBe(
          count * 1024 ** (['Ki', 'Mi', 'Gi', 'Ti'].indexOf(unit) + 1),
        );
      }),
    );
  });
});
