/** Patches as files: for kustomize, for kubectl, and as a document. */
import {policyKey} from '../../controller/policy-index.ts';
import {isAssumed} from '../../foresight/policy-sources.ts';
import type {RulePatch} from '../../foresight/rule-patches.ts';
import {toYaml} from '../output/document.ts';

export const PATCHES_KIND = 'RulePatches';

export interface RulePatches {
  readonly workloads: readonly {
    readonly namespace: string;
    readonly name: string;
    /** `namespace/name`; absent for one that is only assumed. */
    readonly policy?: string;
    /** A strategic merge patch of the Deployment; absent when there is nothing to patch. */
    readonly patch?: object;
    readonly notes: readonly string[];
  }[];
}

const COMPONENT = {apiVersion: 'kustomize.config.k8s.io/v1alpha1', kind: 'Component'} as const;

export function rulePatchesOf(patches: readonly RulePatch[]): RulePatches {
  return {
    workloads: patches.map(({workload, policy, patch, notes}) => ({
      namespace: workload.namespace,
      name: workload.name,
      ...(isAssumed(policy) ? {} : {policy: policyKey(policy)}),
      ...(patch === undefined ? {} : {patch}),
      notes,
    })),
  };
}

/** For `kubectl patch --patch-file`, with comments that say why. */
export function plainPatch(
  {patch = {}, policy, notes}: RulePatch,
  options: {readonly isOneOf: boolean},
): string {
  const by = isAssumed(policy) ? 'a SpreadPolicy with all defaults' : `SpreadPolicy ${policyKey(policy)}`;
  const comments = [`The placement rule of ${by}.`, ...notes.map((note) => `Note: ${note}.`)];
  const text = toYaml(patch, {isOneOf: false});
  return `${options.isOneOf ? '---\n' : ''}${comments.map((comment) => `# ${comment}\n`).join('')}${text}`;
}

/** All in one file. */
export function componentOf(patches: readonly RulePatch[]): string {
  return toYaml(
    {
      ...COMPONENT,
      patches: patches.map((each) => ({
        target: targetOf(each, patches),
        patch: plainPatch(each, {isOneOf: false}),
      })),
    },
    {isOneOf: false},
  );
}

/** For patches in files of their own. */
export function kustomizationOf(patches: readonly RulePatch[]): string {
  return toYaml(
    {
      ...COMPONENT,
      patches: patches.map((each) => ({target: targetOf(each, patches), path: fileNameOf(each, patches)})),
    },
    {isOneOf: false},
  );
}

export function fileNameOf(each: RulePatch, patches: readonly RulePatch[]): string {
  const {namespace, name} = each.workload;
  return isOnlyOne(each, patches) ? `${name}.yaml` : `${namespace}.${name}.yaml`;
}

/** Without the namespace, which manifests often get from their kustomization: then a target that names it finds nothing. */
function targetOf(each: RulePatch, patches: readonly RulePatch[]): object {
  const {namespace, name} = each.workload;
  const target = {group: 'apps', kind: 'Deployment', name};
  return isOnlyOne(each, patches) ? target : {...target, namespace};
}

function isOnlyOne({workload}: RulePatch, patches: readonly RulePatch[]): boolean {
  return patches.filter((other) => other.workload.name === workload.name).length === 1;
}
