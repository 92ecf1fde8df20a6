import type {AuditedRequest} from '../../src/simulator/http/request-handler.ts';
import {type AuditEvent, AuditTrail} from './audit-log.ts';

/** The audit log of a simulated API server: in memory, and complete as soon as a request is answered. */
export class MemoryAuditLog extends AuditTrail {
  readonly #events: AuditEvent[] = [];

  add(request: AuditedRequest): void {
    this.#events.push(auditEvent(request, Date.now()));
  }

  override async events(filter: (event: AuditEvent) => boolean = () => true): Promise<AuditEvent[]> {
    return this.#events.filter(filter);
  }
}

function auditEvent(
  {info, user, uri, code, userAgent, body, receivedAt}: AuditedRequest,
  now: number,
): AuditEvent {
  const {isResource, verb, group, version, resource, subresource, namespace, name} = info;
  return {
    stage: verb === 'watch' ? 'ResponseStarted' : 'ResponseComplete',
    verb,
    requestURI: uri,
    user: {username: user.username, groups: [...user.groups]},
    userAgent,
    ...(isResource
      ? {
          objectRef: {
            resource,
            apiVersion: version,
            ...(group === '' ? {} : {apiGroup: group}),
            ...(subresource === undefined ? {} : {subresource}),
            ...(namespace === undefined ? {} : {namespace}),
            ...(name === undefined ? {} : {name}),
          },
        }
      : {}),
    responseStatus: {code},
    // As the audit policy of the real one has it.
    ...(subresource === 'eviction' ? {requestObject: JSON.parse(body.toString('utf8')) as object} : {}),
    requestReceivedTimestamp: new Date(receivedAt).toISOString(),
    stageTimestamp: new Date(now).toISOString(),
  };
}
