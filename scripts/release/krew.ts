/** The manifest of the kubectl plugin for krew, from its template and the archives of a release. Pure. */
import {parse, stringify} from 'yaml';

export interface Release {
  /** Without the `v`. */
  readonly version: string;
  /** Of the folder that the archives are downloaded from. */
  readonly url: string;
  /** SHA-256 in hex, by the name of the archive. */
  readonly checksums: ReadonlyMap<string, string>;
}

interface Template {
  readonly spec: {readonly platforms: readonly {readonly uri: string}[]};
}

/** Leaves out the platforms without an archive; throws when none is left, or when an archive has no platform. */
export function krewManifest(template: string, {version, url, checksums}: Release): string {
  const {spec, ...plugin} = parse(template.replaceAll('$VERSION', version)) as Template;
  const known = new Set<string>();
  const platforms = spec.platforms.flatMap((platform) => {
    const archive = platform.uri.replace('$URL/', '');
    const sha256 = checksums.get(archive);
    known.add(archive);
    return sha256 === undefined ? [] : [{...platform, uri: `${url.replace(/\/$/, '')}/${archive}`, sha256}];
  });
  const unknown = [...checksums.keys()].filter((archive) => !known.has(archive));
  if (platforms.length === 0 || unknown.length > 0) {
    throw new Error(
      `expected archives of version ${version} such as ${[...known][0]}, found ${[...checksums.keys()].join(', ') || 'none'}: build them with npm run build:executable`,
    );
  }
  return stringify({...plugin, spec: {...spec, platforms}}, {lineWidth: 0});
}
