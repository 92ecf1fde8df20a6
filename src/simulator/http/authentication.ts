/** Who is asking: static tokens, and tokens of service accounts as TokenRequest gives them. */
import {createHmac, randomBytes, timingSafeEqual} from 'node:crypto';
import type {UserInfo} from '../apiserver/rbac.ts';
import {StatusError} from '../apiserver/status-error.ts';
import type {ClusterApi} from '../cluster-api.ts';

export interface Identity {
  readonly user: string;
  readonly groups?: readonly string[];
  /** One that is drawn by lot when absent. */
  readonly token?: string;
}

export interface ServiceAccountToken {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

const ANONYMOUS: UserInfo = {username: 'system:anonymous', groups: ['system:unauthenticated']};

export class Authentication {
  readonly #api: ClusterApi;
  readonly #now: () => number;
  readonly #users = new Map<string, UserInfo>();
  readonly #tokens = new Map<string, string>();
  // Signs the tokens of one run; never leaves the process.
  readonly #key = randomBytes(32);

  constructor(api: ClusterApi, identities: readonly Identity[], now: () => number) {
    this.#api = api;
    this.#now = now;
    for (const {user, groups = [], token = randomBytes(16).toString('hex')} of identities) {
      this.#tokens.set(user, token);
      this.#users.set(token, {username: user, uid: user, groups: [...groups, 'system:authenticated']});
    }
  }

  tokenOf(user: string): string | undefined {
    return this.#tokens.get(user);
  }

  /** Throws 401 for a token that is not known; without one, the user is anonymous. */
  authenticate(authorization: string | undefined): UserInfo {
    if (authorization === undefined || authorization === '') return ANONYMOUS;
    const token = /^Bearer\s+(\S+)$/i.exec(authorization)?.[1] ?? '';
    const user = this.#users.get(token) ?? this.#serviceAccount(token);
    if (user === undefined) throw new StatusError(401, 'Unauthorized', 'Unauthorized');
    return user;
  }

  /** A signed token in the form of a JWT, so that clients that look inside find what they expect. */
  issue(namespace: string, name: string, seconds: number): ServiceAccountToken {
    const account = this.#api.get('serviceaccounts', namespace, name);
    const issued = Math.floor(this.#now() / 1000);
    const claims = {
      iss: 'https://kubernetes.default.svc',
      sub: `system:serviceaccount:${namespace}:${name}`,
      aud: ['https://kubernetes.default.svc'],
      iat: issued,
      nbf: issued,
      exp: issued + seconds,
      'kubernetes.io': {namespace, serviceaccount: {name, uid: account?.metadata.uid}},
    };
    const content = `${encode({alg: 'HS256', typ: 'JWT'})}.${encode(claims)}`;
    return {token: `${content}.${this.#sign(content)}`, expires: (issued + seconds) * 1000};
  }

  #serviceAccount(token: string): UserInfo | undefined {
    const [header, payload, signature] = token.split('.');
    if (header === undefined || payload === undefined || signature === undefined) return undefined;
    const expected = Buffer.from(this.#sign(`${header}.${payload}`));
    const actual = Buffer.from(signature);
    if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) return undefined;
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as {
      exp: number;
      'kubernetes.io': {namespace: string; serviceaccount: {name: string; uid?: string}};
    };
    const {namespace, serviceaccount} = claims['kubernetes.io'];
    const account = this.#api.get('serviceaccounts', namespace, serviceaccount.name);
    // The token dies with its service account.
    if (
      claims.exp * 1000 <= this.#now() ||
      account === undefined ||
      account.metadata.uid !== serviceaccount.uid
    ) {
      return undefined;
    }
    return serviceAccountUser(namespace, serviceaccount.name, account.metadata.uid);
  }

  #sign(content: string): string {
    return createHmac('sha256', this.#key).update(content).digest('base64url');
  }
}

function serviceAccountUser(namespace: string, name: string, uid?: string): UserInfo {
  return {
    username: `system:serviceaccount:${namespace}:${name}`,
    ...(uid === undefined ? {} : {uid}),
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
