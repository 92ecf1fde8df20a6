import {describe, expect, it} from '@jest/globals';
import {paragraph, wrap} from './wrap.ts';

describe('cli/output/wrap', () => {
  it('breaks at spaces and never inside a name', () => {
    expect(wrap('no node for web-77d4 has room', 10)).toEqual(['no node', 'for', 'web-77d4', 'has room']);
    expect(wrap('kubernetes.io/hostname', 5)).toEqual(['kubernetes.io/hostname']);
  });

  it('keeps the tones of the parts', () => {
    expect(wrap(['web is ', {text: 'not spread', tone: 'bad'}], 11)).toEqual([
      ['web is ', {text: 'not', tone: 'bad'}].flatMap((part) =>
        typeof part === 'string' ? [{text: part}] : [part],
      ),
      [{text: 'spread', tone: 'bad'}],
    ]);
  });

  it('indents under the text that stands in the margin', () => {
    expect(paragraph('one two three', 12, 4, 'a:')).toEqual(['a:  one two', '    three']);
  });

  it('leaves text whole where there is no terminal', () => {
    expect(paragraph('word '.repeat(60).trim(), undefined)).toHaveLength(1);
  });
});
