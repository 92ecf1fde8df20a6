import {describe, expect, it} from '@jest/globals';
import {count, paint, plain, widthOf} from './text.ts';

describe('cli/output/text', () => {
  it('colours parts where there are colours, and only there', () => {
    const text = ['node-a ', {text: 'hot', tone: 'bad'}] as const;

    expect(paint(text, true)).toBe('node-a \u001B[31mhot\u001B[39m');
    expect(paint(text, false)).toBe('node-a hot');
    expect(plain(text)).toBe('node-a hot');
  });

  it('measures signs as one column each', () => {
    expect(widthOf([{text: '●○'}, '×'])).toBe(3);
  });

  it.each([
    [0, '0 moves'],
    [1, '1 move'],
    [2, '2 moves'],
  ])('counts %d', (number, expected) => {
    expect(count(number, 'move')).toBe(expected);
  });
});
