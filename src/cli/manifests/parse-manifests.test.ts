import {describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import {describePosition} from '../../foresight/check/manifest-object.ts';
import {parseManifests} from './parse-manifests.ts';

const DEPLOYMENT = 'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n';

function summary(text: string) {
  const {objects, problems, notes} = parseManifests(text, 'a.yaml');
  return {
    objects: objects.map(({kind, name}) => `${kind} ${name}`),
    problems: problems.map(({position, message}) => `${describePosition(position)}: ${message}`),
    notes: notes.map(({position, message}) => `${describePosition(position)}: ${message}`),
  };
}

describe('cli/manifests/parse-manifests', () => {
  it.each([
    ['documents', `# Source: chart/templates/x.yaml\n---\n${DEPLOYMENT}---\n# nothing\n---\n${DEPLOYMENT}`],
    ['Windows lines and a byte order mark', `\uFEFF${DEPLOYMENT}---\n${DEPLOYMENT}`.replaceAll('\n', '\r\n')],
    [
      'a List',
      `apiVersion: v1\nkind: List\nitems:\n${`- ${DEPLOYMENT.trimEnd().replaceAll('\n', '\n  ')}\n`.repeat(2)}`,
    ],
    [
      'JSON objects one after the other, with tabs',
      '{\n\t"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}'.repeat(2),
    ],
    [
      'anchors and merge keys',
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: &m {name: web}\n---\n' +
        'apiVersion: apps/v1\nkind: Deployment\nx: &m {name: web}\nmetadata: {<<: *m}\n',
    ],
  ])('reads %s', (_, text) => {
    expect(summary(text)).toEqual({objects: ['Deployment web', 'Deployment web'], problems: [], notes: []});
  });

  it('knows where each field is', () => {
    const text = `---\n${DEPLOYMENT}---\n${DEPLOYMENT}spec:\n  replicas: 2\n  template:\n    spec:\n      containers:\n      - name: a\n        image: b\n`;

    const object = parseManifests(text, 'a.yaml').objects[1];

    expect(object?.locate()).toMatchObject({line: 7, column: 1});
    expect(object?.locate(['spec', 'replicas'])).toMatchObject({line: 12, column: 3});
    expect(object?.locate(['spec', 'template', 'spec', 'containers', 0, 'image'])).toMatchObject({line: 17});
    expect(object?.locate(['spec', 'strategy'])).toMatchObject({line: 11});
  });

  it('knows where a field is in the second of two JSON objects', () => {
    const text = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}\n'.repeat(2);

    const object = parseManifests(text, 'a.json').objects[1];

    expect(object?.locate(['metadata', 'name'])).toMatchObject({line: 2, column: 50});
  });

  it.each([
    ['a value', 'a: 1\nb: {{ .Values.b }}\n', 'a.yaml:2:5'],
    ['a block', `{{- if .Values.x }}\n${DEPLOYMENT}{{- end }}\n`, 'a.yaml:1:1'],
  ])('refuses %s of a template that is not rendered', (_, text, place) => {
    expect(summary(text).problems).toEqual([
      expect.stringMatching(`^${place}: is a template.*helm template`),
    ]);
  });

  it('reads braces in texts, as alerts have them', () => {
    const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: "{{ $labels.pod }}"\n';

    expect(summary(text)).toMatchObject({objects: ['ConfigMap a'], problems: []});
  });

  it.each([
    ['tabs', 'a:\n\tb: 1\n', 'a.yaml:2:1: not valid YAML: Tabs'],
    ['an open quote', 'a: 1\nb: "x\n', 'a.yaml:3:1: not valid YAML: Missing closing'],
    ['an alias without an anchor', 'a: 1\nb: *x\n', 'a.yaml:2:4: Unresolved alias'],
    ['bytes', 'a: 1\nb: \0\0', 'a.yaml:2:1: expected UTF-8 text'],
  ])('says where %s are', (_, text, problem) => {
    expect(summary(text).problems).toEqual([expect.stringContaining(problem)]);
  });

  it('survives a bomb of aliases', () => {
    const levels = Array.from(
      {length: 12},
      (_, index) => `a${index + 1}: &a${index + 1} [${Array(10).fill(`*a${index}`).join(', ')}]`,
    );

    expect(summary(`a0: &a0 [x]\n${levels.join('\n')}\n`).problems).toEqual([
      expect.stringContaining('Excessive alias count'),
    ]);
  });

  it('passes over what is no Kubernetes object, and says so', () => {
    expect(
      summary('- a\n---\nreplicaCount: 1\n---\nkind: Pod\n---\napiVersion: v1\nkind: Pod\n').notes,
    ).toEqual([
      'a.yaml:1:1: no Kubernetes object: expected a map; passed over',
      'a.yaml:3:1: no Kubernetes object: without kind; passed over',
      'a.yaml:5:1: no Kubernetes object: without apiVersion; passed over',
      'a.yaml:7:1: Pod without metadata.name; passed over',
    ]);
  });

  it('takes the last of two equal keys, as kubectl does, and says so', () => {
    const {objects} = parseManifests(`${DEPLOYMENT}kind: Pod\n`, 'a.yaml');

    expect(objects[0]?.kind).toBe('Pod');
    expect(summary(`${DEPLOYMENT}kind: Pod\n`).notes).toEqual([expect.stringContaining('a.yaml:5:1')]);
  });

  it('throws on nothing, and names a line of the text for all that it says', () => {
    const pieces = fc.constantFrom(
      'apiVersion: v1\n',
      'kind: Pod\n',
      'metadata:\n',
      '  name: a\n',
      '---\n',
      '...\n',
      '- ',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '&a ',
      '*a',
      '<<: ',
      '!!binary ',
      '|\n',
      '>-\n',
      '\t',
      ': ',
      '? ',
      '# x\n',
      '%YAML 1.2\n',
      '{{ .x }}',
      '\uFEFF',
      '\r\n',
      '\u2028',
      '\0',
      'items:\n',
      'kind: List\n',
      'null\n',
      '~',
      '0644\n',
      ', ',
    );
    const texts = fc.oneof(
      fc.array(pieces, {maxLength: 40}).map((all) => all.join('')),
      fc.string({unit: 'binary', maxLength: 80}),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const {objects, problems, notes} = parseManifests(text, 'a.yaml');
        const lines = text.split('\n').length;
        const positions = [...problems, ...notes].map(({position}) => position);
        for (const {line, column} of [...positions, ...objects.map((object) => object.locate(['spec', 0]))]) {
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(lines);
          expect(column).toBeGreaterThanOrEqual(1);
        }
      }),
      {numRuns: 1000},
    );
  });
});
