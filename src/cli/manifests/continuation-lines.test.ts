import {describe, expect, it} from '@jest/globals';
import {yamlDocuments} from './yaml-documents.ts';

function read(text: string): unknown {
  const [document] = yamlDocuments(text).documents;
  expect(document?.errors).toEqual([]);
  return document?.toJS();
}

describe('cli/manifests/continuation-lines', () => {
  it.each([
    [
      'a list whose items and bracket are at the margin',
      'a:\n  b: [\n  1,\n2\n]\nc: 1\n',
      {a: {b: [1, 2]}, c: 1},
    ],
    ['a map closed at the margin', '- b: {\n  x: 1\n  }\n- c\n', [{b: {x: 1}}, 'c']],
    [
      'a quoted text that goes on at the margin',
      'a:\n  b: "x # [\ny"\nc: \'{\nd\'\n',
      {a: {b: 'x # [ y'}, c: '{ d'},
    ],
    [
      'brackets and quotes in texts and comments beside one',
      'a: it\'s\nb: |\n  [ " {\nc: w # [ "\nd: x\ne: [\n1\n]\n',
      {a: "it's", b: '[ " {\n', c: 'w', d: 'x', e: [1]},
    ],
    [
      'a block text under a list item beside one',
      'a:\n- k: |\n    [ x\n  l: {\n  w: 1 }\n- >\n  "z\nb: [\n2\n]\n',
      {a: [{k: '[ x\n', l: {w: 1}}, '"z\n'], b: [2]},
    ],
  ])('reads %s, as kubectl does', (_, text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it('keeps the lines and columns of the text as it was written', () => {
    const {documents, linePosition} = yamlDocuments('a: [\n  1,\n2\n]\nb: 3\n');
    const list = documents[0]?.get('a', true) as {items: {range: number[]}[]} | undefined;

    const [first, second] = (list?.items ?? []).map(({range}) => linePosition(range[0] ?? 0));

    expect([first, second]).toEqual([
      {line: 2, column: 3},
      {line: 3, column: 1},
    ]);
  });

  it('leaves what is broken for another reason broken, where it is broken', () => {
    const {documents, linePosition} = yamlDocuments('a: [\n1\n]\nb: @x\n');
    const [error] = (documents[0]?.errors ?? []).filter(({message}) => message.includes('@'));

    expect(error === undefined ? undefined : linePosition(error.pos[0])).toEqual({line: 4, column: 4});
  });
});
