/** SpreadPolicies from files, as the API server would take them, or refuse them with the line that is wrong. */
import {spreadPolicyCrd} from '../../api/crd.ts';
import {API_VERSION, GROUP, KIND, PLURAL} from '../../api/names.ts';
import type {SpreadPolicy} from '../../api/types.ts';
import {validatePolicy} from '../../api/validate.ts';
import {describePosition, fieldPath, type ManifestObject} from '../../foresight/check/manifest-object.ts';
import {ApiServer} from '../../simulator/apiserver/api-server.ts';
import {StatusError} from '../../simulator/apiserver/status-error.ts';
import {NAMESPACES} from '../../simulator/objects.ts';
import {InputError} from '../failure.ts';
import type {CommandIo} from '../io.ts';
import {type ManifestOptions, readManifests} from '../manifests/read-manifests.ts';
import {count} from '../output/text.ts';

const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io';
const POLICIES = `${PLURAL}.${GROUP}`;
const ACTOR = 'kubectl';

export interface PolicyFiles {
  readonly policies: readonly SpreadPolicy[];
  /** What was passed over, for people. */
  readonly notes: readonly string[];
}

/**
 * With all defaults, and created now. Throws an InputError that names everything that is wrong, each with file and line.
 * @param namespace of policies that name none
 */
export async function readPolicies(
  options: ManifestOptions,
  namespace: string,
  io: CommandIo,
): Promise<PolicyFiles> {
  const {objects, notes} = await readManifests(options, io);
  const written = objects.filter(({kind, apiVersion}) => kind === KIND && apiVersion === API_VERSION);
  const others = objects.length - written.length;
  if (written.length === 0) {
    const other = objects.find(({kind}) => kind === KIND);
    throw new InputError(
      other === undefined
        ? `${options.filenames.join(', ')}: expected a ${KIND} of ${API_VERSION}, found none among ${count(objects.length, 'object')}`
        : `${describePosition(other.locate(['apiVersion']))}: ${KIND} of ${other.apiVersion}: expected ${API_VERSION}`,
    );
  }
  const api = policyServer(io.clock.now());
  const problems: string[] = [];
  const policies = written.flatMap((object) => {
    const found = admit(api, object, namespace);
    if ('problems' in found) {
      problems.push(...found.problems);
      return [];
    }
    return [found.policy];
  });
  if (problems.length > 0) {
    throw new InputError(problems.join('\nerror: '));
  }
  return {
    policies,
    notes: others === 0 ? notes : [...notes, `passed over: ${count(others, 'object')} of other kinds`],
  };
}

/** Nothing but an API server that knows SpreadPolicies: its validation is that of the real one. */
function policyServer(now: number): ApiServer {
  const api = new ApiServer({now: () => now, random: Math.random});
  api.create(DEFINITIONS, spreadPolicyCrd, ACTOR);
  return api;
}

function admit(
  api: ApiServer,
  object: ManifestObject,
  byDefault: string,
): {readonly policy: SpreadPolicy} | {readonly problems: readonly string[]} {
  const {content, name, namespace = byDefault} = object;
  const at = (field: string, message: string) =>
    `${describePosition(object.locate(fieldPath(field)))}: ${KIND} ${namespace}/${name}: ${message}`;
  if (api.get(NAMESPACES, undefined, namespace) === undefined) {
    api.create(NAMESPACES, {metadata: {name: namespace}}, ACTOR);
  }
  let policy: SpreadPolicy;
  try {
    const metadata = {...(content['metadata'] as object), namespace};
    policy = api.create(POLICIES, {...content, metadata}, ACTOR) as object as SpreadPolicy;
  } catch (error) {
    if (!(error instanceof StatusError)) {
      throw error;
    }
    return {problems: describe(error, at)};
  }
  const problems = validatePolicy(policy).map(({field, message}) => at(field, `${field}: ${message}`));
  return problems.length === 0 ? {policy} : {problems};
}

function describe({message, details}: StatusError, at: (field: string, message: string) => string): string[] {
  const causes = (details?.causes ?? []).filter(({field}) => field !== undefined && field !== '');
  if (causes.length > 0) {
    return causes.map(({field = '', message: cause = ''}) => at(field, `${field}: ${cause}`));
  }
  const unknown = [...message.matchAll(/unknown field "([^"]+)"/g)].map(([, field = '']) => field);
  return unknown.length > 0
    ? unknown.map((field) => at(field, `${field}: there is no such field`))
    : [at('', message)];
}
