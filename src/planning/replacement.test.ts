import {describe, expect, it} from '@jest/globals';
import {pod} from '../../test/scenarios/builders.ts';
import {replicaSet, workload} from '../../test/scenarios/workloads.ts';
import type {ApiPodSpec} from '../cluster/pod-spec.ts';
import {replacementOf} from './replacement.ts';

const APART = {
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        {
          topologyKey: 'kubernetes.io/hostname',
          labelSelector: {matchLabels: {app: 'web'}},
          matchLabelKeys: ['pod-template-hash'],
        },
      ],
    },
  },
};

describe('replacementOf', () => {
  it('has the labels of the current ReplicaSet, and terms that select its revision', () => {
    const web = workload({podSpec: APART});

    const replacement = replacementOf(web, replicaSet(web, {hash: 'x1'}));

    const revision = {key: 'pod-template-hash', operator: 'In', values: ['x1']};
    expect(replacement.labels).toEqual({app: 'web', 'pod-template-hash': 'x1'});
    expect(replacement.spec.podAntiAffinity.required[0]?.labelSelector?.matchExpressions).toEqual([revision]);
    expect(replacement.defaultSpreadSelector).toEqual({
      matchLabels: {app: 'web'},
      matchExpressions: [revision],
    });
  });

  it('has the priority of the replicas: the template names only the class', () => {
    const web = workload();
    const current = replicaSet(web);
    const replicas = [
      pod('old', {replicaSet: {name: 'old', uid: 'old'}, spec: {priority: 5}}),
      pod('new', {replicaSet: {name: current.name, uid: current.uid}, spec: {priority: 1000}}),
    ];

    expect(replacementOf(web, current, replicas).spec.priority).toBe(1000);
    expect(replacementOf(web, current).spec.priority).toBe(0);
  });

  it('asks for what its siblings were given beyond the template, and for the most of it', () => {
    const web = workload({requests: {cpu: '1', memory: '1Gi'}});
    const current = replicaSet(web);
    const sibling = (name: string, requests: Record<string, string>, spec: ApiPodSpec = {}) =>
      pod(name, {replicaSet: {name: current.name, uid: current.uid}, requests, spec});
    const sandbox: ApiPodSpec = {
      overhead: {cpu: '250m'},
      nodeSelector: {sandbox: 'true'},
      tolerations: [{key: 'sandbox', operator: 'Exists'}],
    };

    const {spec} = replacementOf(web, current, [
      sibling('as-admitted', {cpu: '1', memory: '1Gi'}, sandbox),
      sibling('resized', {cpu: '500m', memory: '2Gi'}, sandbox),
    ]);

    expect(spec.requests).toMatchObject({milliCPU: 1250, memory: 2 * 2 ** 30});
    expect(spec.nonZeroRequests).toEqual({milliCPU: 1250, memory: 2 * 2 ** 30});
    expect(spec).toMatchObject({nodeSelector: sandbox.nodeSelector, tolerations: sandbox.tolerations});
  });

  it('has those of the template before there is a ReplicaSet', () => {
    const web = workload();

    expect(replacementOf(web, undefined)).toMatchObject({
      labels: {app: 'web'},
      defaultSpreadSelector: web.selector,
    });
  });
});
