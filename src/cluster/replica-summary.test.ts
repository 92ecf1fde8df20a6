import {expect, it} from '@jest/globals';
import * as fc from 'fast-check';
import {pod} from '../../test/scenarios/builders.ts';
import {isTerminating, type Pod} from './pod.ts';
import {summaryOf} from './replica-summary.ts';

const SPECS = [pod('one').spec, pod('other', {requests: {cpu: '1'}}).spec] as const;

const replicas = fc.array(
  fc.record({
    isPlaced: fc.boolean(),
    isEnding: fc.boolean(),
    ready: fc.boolean(),
    createdAt: fc.nat(100),
    readyChangedAt: fc.option(fc.nat(100), {nil: undefined}),
    controller: fc.constantFrom('new', 'old', undefined),
    spec: fc.constantFrom(...SPECS),
  }),
  {maxLength: 12},
);

it('says what going through the replicas once for each question would say', () => {
  fc.assert(
    fc.property(replicas, (drawn) => {
      const pods = drawn.map(({isPlaced, isEnding, controller, readyChangedAt, ...rest}, index): Pod => {
        const {readyChangedAt: _, controller: __, ...plain} = pod(`web-${index}`, isPlaced ? {on: 'a'} : {});
        return {
          ...plain,
          ...rest,
          ...(isEnding ? {deletionTimestamp: 1} : {}),
          ...(readyChangedAt === undefined ? {} : {readyChangedAt}),
          ...(controller === undefined
            ? {}
            : {controller: {kind: 'ReplicaSet', name: controller, uid: controller}}),
        };
      });

      const summary = summaryOf(pods);

      expect(summary.terminating).toEqual(pods.filter(isTerminating));
      expect(summary.waiting).toEqual(pods.filter(({nodeName}) => nodeName === undefined));
      expect(summary.notReady).toEqual(pods.filter(({ready}) => !ready));
      expect(summary.placed).toEqual(
        pods.filter((each) => each.nodeName !== undefined && !isTerminating(each)),
      );
      expect(summary.lastReadyAt).toBe(
        Math.max(0, ...pods.map(({readyChangedAt, createdAt}) => readyChangedAt ?? createdAt)),
      );
      for (const uid of ['new', 'old', undefined]) {
        const own = pods.filter(({controller}) => controller?.uid === uid);
        const known = summary.byController.get(uid);
        expect(known?.staying ?? 0).toBe(own.filter((each) => !isTerminating(each)).length);
        expect([...(known?.specs ?? [])]).toEqual([...new Set(own.map(({spec}) => spec))]);
      }
    }),
  );
});
