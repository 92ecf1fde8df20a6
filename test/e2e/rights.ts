// What the operator may do by config/, and what it did by the audit log.
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';

import {parse} from 'yaml';

import type {AuditEvent} from '../controlplane/audit-log.ts';
import {operatorUser} from '../controlplane/install-operator.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';

/** It takes an eviction to which no answer came. */
export const TO_FIND_OUT = 'get core/pods';

const directory = join(import.meta.dirname, '../../config/rbac');

interface Role {
  rules: {apiGroups: string[]; resources: string[]; verbs: string[]}[];
}

/** Every `verb group/resource` that config/ grants the operator, sorted. */
export async function grantedRights(): Promise<string[]> {
  const files = ['cluster-role.yaml', 'leader-election-role.yaml'];
  const roles = await Promise.all(
    files.map(async (file) => parse(await readFile(join(directory, file), 'utf8')) as Role),
  );
  const rights = roles
    .flatMap(({rules}) => rules)
    .flatMap(({apiGroups, resources, verbs}) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => describeRight(verb, group, resource))),
      ),
    );
  return [...new Set(rights)].sort();
}

/** Every `verb group/resource` that the operator was granted and used, sorted. */
export async function usedRights(cluster: RunningControlPlane): Promise<string[]> {
  const events = await operatorRequests(cluster);
  const rights = events.flatMap(({verb, objectRef, responseStatus}) => {
    const {resource, subresource, apiGroup = ''} = objectRef ?? {};
    if (resource === undefined || responseStatus?.code === 403) {
      return [];
    }
    return [
      describeRight(verb, apiGroup, subresource === undefined ? resource : `${resource}/${subresource}`),
    ];
  });
  return [...new Set(rights)].sort();
}

/** Requests of the operator that were forbidden, as `verb uri`. */
export async function forbiddenRequests(cluster: RunningControlPlane): Promise<string[]> {
  const events = await operatorRequests(cluster);
  return events
    .filter(({responseStatus}) => responseStatus?.code === 403)
    .map(({verb, requestURI}) => `${verb} ${requestURI}`);
}

async function operatorRequests(cluster: RunningControlPlane): Promise<AuditEvent[]> {
  return cluster.auditEvents(({user}) => user.username === operatorUser);
}

function describeRight(verb: string, group: string, resource: string): string {
  return `${verb} ${group === '' ? 'core' : group}/${resource}`;
}
