import {readFileSync} from 'node:fs';
import {describe, expect, it} from '@jest/globals';
import {PARAMETERS} from './parameters.ts';

describe('PARAMETERS', () => {
  it.each(Object.entries(PARAMETERS))(
    'has %s in the documentation, with its value and source',
    (name, {value, source}) => {
      const page = readFileSync(new URL('../../docs/simulator.md', import.meta.url), 'utf8');

      const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\` `)) ?? '';

      const cells = row.split('|').map((cell) => cell.trim());
      expect(cells.slice(1, 4)).toEqual([`\`${name}\``, String(value), source]);
    },
  );
});
