/** Server-side apply: https://kubernetes.io/docs/reference/using-api/server-side-apply/ */
import {isConflict} from './api-error.ts';
import {APPLY_CONTENT_TYPE, type Requests} from './client.ts';

export interface ApplyOptions {
  readonly path: string;
  /** apiVersion, kind, metadata.name and every field that the manager wants to own; what it leaves out, it gives up. */
  readonly body: object;
  readonly fieldManager: string;
  /** Takes fields from their owners. Injection never does. */
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

/** The object as it is afterwards. Throws a conflict (see {@link applyConflicts}) when others own a field. */
export async function applyObject<T>(client: Requests, options: ApplyOptions): Promise<T> {
  const {path, body, fieldManager, force, dryRun, signal} = options;
  const response = await client.request<T>({
    method: 'PATCH',
    path,
    query: {
      fieldManager,
      // Wrong types and unknown fields are our mistakes: better an error than half an apply.
      fieldValidation: 'Strict',
      force: force === true ? true : undefined,
      dryRun: dryRun === true ? 'All' : undefined,
    },
    // JSON is YAML; servers before 1.32 know the content type only by this name.
    body,
    contentType: APPLY_CONTENT_TYPE,
    signal,
  });
  return response.body;
}

export interface ApplyConflict {
  readonly manager: string;
  /** In the notation of the API server: `.spec.template.spec.affinity…`. */
  readonly field: string;
}

/** Who owns what of the fields that an apply wanted; empty when the error is of another kind. */
export function applyConflicts(error: unknown): ApplyConflict[] {
  if (!isConflict(error)) return [];
  return (error.details.causes ?? [])
    .filter((cause) => cause.reason === 'FieldManagerConflict')
    .map((cause) => ({manager: managerOf(cause.message ?? ''), field: cause.field ?? ''}));
}

/** From `conflict with "kubectl-client-side-apply" using apps/v1`; a manager's name may itself contain quotes, escaped. */
function managerOf(message: string): string {
  const quoted = /"(?:[^"\\]|\\.)*"/.exec(message)?.[0];
  if (quoted === undefined) return message;
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted.slice(1, -1);
  }
}
