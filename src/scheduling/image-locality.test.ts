import {describe, expect, it} from '@jest/globals';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {scoresOf} from '../../test/scenarios/verdicts.ts';
import {imageLocality} from './image-locality.ts';

const MEBIBYTE = 1024 * 1024;

describe('ImageLocality', () => {
  const cluster = clusterState({
    nodes: [
      node('holds-large', {images: {'registry.example/large:latest': 2000 * MEBIBYTE}}),
      node('holds-small', {images: {'registry.example/small:v1': 40 * MEBIBYTE}}),
      node('holds-nothing'),
    ],
  });

  it('favours the node that holds the image, scaled by how many nodes do', () => {
    const newcomer = pod('web', {spec: {containers: [{image: 'registry.example/large'}]}});

    // 2000 MiB on one of three nodes count 666 MiB: 100 * (666.67 - 23) / (1000 - 23).
    expect(scoresOf(imageLocality, newcomer, cluster)).toEqual({
      'holds-large': 65,
      'holds-small': 0,
      'holds-nothing': 0,
    });
  });

  it('counts the image of a volume, which is no container among which the size is shared', () => {
    const newcomer = pod('web', {
      spec: {
        containers: [{image: 'registry.example/small:v1'}],
        volumes: [{name: 'data', image: {reference: 'registry.example/large'}}],
      },
    });

    expect(scoresOf(imageLocality, newcomer, cluster)).toMatchObject({'holds-large': 65, 'holds-small': 0});
  });

  it('takes images below 23 MiB for nothing', () => {
    const newcomer = pod('web', {spec: {containers: [{image: 'registry.example/small:v1'}]}});

    expect(scoresOf(imageLocality, newcomer, cluster)).toMatchObject({'holds-small': 0});
  });
});
