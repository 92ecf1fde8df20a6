import {describe, expect, it} from '@jest/globals';
import {cliIo} from '../testing/run-cli.ts';
import {readPolicies} from './policy-files.ts';

const HEADER = `apiVersion: spread-operator.io/v1alpha1
kind: SpreadPolicy
metadata: {name: apart}
`;

describe('cli/source/policy-files', () => {
  async function read(text: string) {
    return await readPolicies({filenames: ['-'], isRecursive: false}, 'shop', {
      ...cliIo(),
      stdin: async () => text,
    });
  }

  it('takes a policy as the API server would: with defaults, in the namespace that counts', async () => {
    const {policies, notes} = await read(`${HEADER}spec: {selector: {}}`);

    expect(notes).toEqual([]);
    expect(policies).toMatchObject([
      {
        metadata: {name: 'apart', namespace: 'shop'},
        spec: {
          topologies: [
            {topologyKey: 'kubernetes.io/hostname', distribution: 'Separate', whenUnsatisfiable: 'Auto'},
          ],
          eviction: {mode: 'Evict', minReplicas: 2},
        },
      },
    ]);
  });

  it('passes over what is no policy', async () => {
    const {policies, notes} = await read(
      `${HEADER}spec: {selector: {}}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n`,
    );

    expect(policies).toHaveLength(1);
    expect(notes).toEqual(['passed over: 1 object of other kinds']);
  });

  it.each([
    [
      'a field that is missing',
      'spec: {}',
      /^<stdin>:4:1: SpreadPolicy shop\/apart: spec\.selector: Required value/,
    ],
    [
      'a field that there is not',
      'spec:\n  selector: {}\n  minReplicas: 3',
      /^<stdin>:6:3: .*spec\.minReplicas: there is no such field/,
    ],
    ['a wrong type', 'spec:\n  selector: {}\n  suspend: "yes"', /^<stdin>:6:3: .*spec\.suspend: /],
    [
      'what a rule of the schema forbids',
      'spec:\n  selector: {}\n  topologies:\n  - topologyKey: zone\n    maxSkew: 3',
      /^<stdin>:\d+:\d+: .*maxSkew/,
    ],
    [
      'what is not supported yet',
      'spec:\n  selector: {}\n  scaleDown: PreferSpread',
      /^<stdin>:6:3: .*spec\.scaleDown: PreferSpread is not supported yet/,
    ],
  ])('names the place of %s', async (_, spec, message) => {
    await expect(read(`${HEADER}${spec}`)).rejects.toThrow(message);
  });

  it('says what it has found where there is no policy', async () => {
    await expect(read('apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}')).rejects.toThrow(
      '-: expected a SpreadPolicy of spread-operator.io/v1alpha1, found none among 1 object',
    );
    await expect(
      read('apiVersion: spread-operator.io/v1\nkind: SpreadPolicy\nmetadata: {name: apart}'),
    ).rejects.toThrow(
      '<stdin>:1:1: SpreadPolicy of spread-operator.io/v1: expected spread-operator.io/v1alpha1',
    );
  });
});
