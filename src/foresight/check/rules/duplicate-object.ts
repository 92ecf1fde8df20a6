/** An object that the manifests define more than once. */
import type {CheckRule} from '../context.ts';
import {describeObject, type Finding, referenceOf} from '../finding.ts';
import {describePosition, type ManifestObject} from '../manifest-object.ts';

export const duplicateObject: CheckRule = {
  id: 'duplicate-object',
  summary: 'The manifests define an object more than once',

  find({manifests, request: {defaultNamespace}}) {
    const earlier = new Map<string, ManifestObject>();
    return manifests.flatMap((manifest) => {
      const key = hasName(manifest) ? identityOf(manifest, defaultNamespace) : undefined;
      const before = key === undefined ? undefined : earlier.get(key);
      if (key !== undefined) {
        earlier.set(key, manifest);
      }
      return before === undefined || isSamePlace(before, manifest) ? [] : [findingOf(manifest, before)];
    });
  },
};

/** With generateName, each creation makes another object. */
function hasName({content}: ManifestObject): boolean {
  return typeof (content['metadata'] as {readonly name?: unknown} | undefined)?.name === 'string';
}

/** Two versions of one group are the same object. */
function identityOf({apiVersion, kind, namespace, name}: ManifestObject, defaultNamespace: string): string {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return `${group} ${kind} ${namespace ?? defaultNamespace}/${name}`;
}

/** A file that was named twice, by itself and with its directory. */
function isSamePlace(one: ManifestObject, other: ManifestObject): boolean {
  return describePosition(one.locate()) === describePosition(other.locate());
}

function findingOf(manifest: ManifestObject, before: ManifestObject): Finding {
  const object = referenceOf(manifest);
  return {
    rule: 'duplicate-object',
    level: 'warning',
    object,
    position: manifest.locate(['metadata', 'name']),
    title: `${describeObject(object)} is defined more than once`,
    why: [
      `It is also at ${describePosition(before.locate())}.`,
      'kubectl applies them one after the other, so the last one wins.',
    ],
    cure: {text: 'Delete one of them, or give it a name of its own.'},
  };
}
