import {BinaryWriter, WireType} from '@bufbuild/protobuf/wire';
import {describe, expect, it} from '@jest/globals';
import {readProtobuf} from './protobuf.ts';

type Part = readonly [number: number, value: string | number | readonly Part[]];

function message(parts: readonly Part[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const [number, value] of parts) {
    if (typeof value === 'string') writer.tag(number, WireType.LengthDelimited).string(value);
    else if (typeof value === 'number') writer.tag(number, WireType.Varint).int32(value);
    else writer.tag(number, WireType.LengthDelimited).bytes(message(value));
  }
  return writer.finish();
}

function envelope(apiVersion: string, kind: string, raw: readonly Part[]): Buffer {
  return Buffer.concat([
    Buffer.from('k8s\u0000'),
    message([
      [
        1,
        [
          [1, apiVersion],
          [2, kind],
        ],
      ],
      [2, raw],
    ]),
  ]);
}

describe('readProtobuf', () => {
  it('reads an eviction', () => {
    const eviction = envelope('policy/v1', 'Eviction', [
      [
        1,
        [
          [1, 'web-1'],
          [2, ''],
          [3, 'shop'],
        ],
      ],
      [
        2,
        [
          [1, 0],
          [2, [[1, 'the-uid']]],
        ],
      ],
    ]);

    const object = readProtobuf(eviction);

    expect(object).toEqual({
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: {name: 'web-1', namespace: 'shop'},
      deleteOptions: {gracePeriodSeconds: 0, preconditions: {uid: 'the-uid'}},
    });
  });

  it('reads maps, quantities, percentages and times', () => {
    const node = envelope('v1', 'Node', [
      [
        1,
        [
          [1, 'node-1'],
          [8, [[1, 1_767_225_600]]],
          [
            11,
            [
              [1, 'zone'],
              [2, 'a'],
            ],
          ],
        ],
      ],
      [
        3,
        [
          [
            1,
            [
              [1, 'cpu'],
              [2, [[1, '4']]],
            ],
          ],
        ],
      ],
    ]);
    const budget = envelope('policy/v1', 'PodDisruptionBudget', [
      [
        2,
        [
          [
            3,
            [
              [1, 1],
              [2, 0],
              [3, '25%'],
            ],
          ],
        ],
      ],
    ]);

    const objects = [node, budget].map(readProtobuf);

    expect(objects).toMatchObject([
      {
        metadata: {creationTimestamp: '2026-01-01T00:00:00Z', labels: {zone: 'a'}},
        status: {capacity: {cpu: '4'}},
      },
      {spec: {maxUnavailable: '25%'}},
    ]);
  });

  it('refuses what has no magic number', () => {
    const reading = () => readProtobuf(Buffer.from('{}'));

    expect(reading).toThrow('provided data does not appear to be a protobuf message');
  });
});
