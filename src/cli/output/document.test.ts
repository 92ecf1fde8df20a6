import {describe, expect, it} from '@jest/globals';
import {parse} from 'yaml';
import {printDocument, toYaml} from './document.ts';

describe('cli/output/document', () => {
  it.each(['json', 'yaml'] as const)('prints %s of the kind that it is', (format) => {
    const written: string[] = [];
    const output = {
      write: (text: string) => void written.push(text),
      isTerminal: false,
      width: undefined,
      hasColors: false,
    };

    printDocument(output, format, 'Thing', {name: 'web', none: undefined});

    expect(parse(written.join(''))).toEqual({
      apiVersion: 'cli.spread-operator.io/v1alpha1',
      kind: 'Thing',
      name: 'web',
    });
    expect(written.join('')).toMatch(/[^\n]\n$/);
  });

  it('keeps long lines whole and repeats what appears twice', () => {
    const labels = {app: 'web'};

    const text = toYaml({a: labels, b: labels, message: 'word '.repeat(40)}, {isOneOf: true});

    expect(text.split('\n').slice(0, 5)).toEqual(['---', 'a:', '  app: web', 'b:', '  app: web']);
    expect(text.split('\n')).toHaveLength(7);
  });
});
