import {describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import {parseQuantity} from '../../cluster/quantity.ts';
import {canonicalQuantity} from './quantity-text.ts';

describe('canonicalQuantity', () => {
  it.each([
    ['0.5', '500m'],
    [2, '2'],
    ['1000m', '1'],
    ['1.5Gi', '1536Mi'],
    ['1024Mi', '1Gi'],
    ['1000000', '1M'],
    ['512Ki', '512Ki'],
    ['1e3', '1e3'],
    ['0', '0'],
    ['-250m', '-250m'],
  ])('writes %s as %s', (text, expected) => {
    const canonical = canonicalQuantity(text);

    expect(canonical).toBe(expected);
  });

  it.each(['lots', '', '1.5.2', '1 Gi', 'm'])('refuses %j', (text) => {
    const canonical = canonicalQuantity(text);

    expect(canonical).toBeUndefined();
  });

  it('keeps the amount', () => {
    const suffixes = fc.constantFrom('', 'm', 'k', 'M', 'Ki', 'Mi', 'Gi');
    fc.assert(
      fc.property(fc.integer({min: 0, max: 1_000_000}), suffixes, (amount, suffix) => {
        const text = `${amount}${suffix}`;

        const canonical = canonicalQuantity(text) ?? '';

        expect(parseQuantity(canonical)).toBeCloseTo(parseQuantity(text), 6);
      }),
    );
  });
});
