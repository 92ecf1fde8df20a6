/** The names by which the API server, users and other tools know the API and the operator. */

export const GROUP = 'spread-operator.io';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}` as const;
export const KIND = 'SpreadPolicy';
export const PLURAL = 'spreadpolicies';
export const SINGULAR = 'spreadpolicy';
export const SHORT_NAME = 'spread';

/** The owner, in managedFields, of what the operator injects. */
export const FIELD_MANAGER = 'spread-operator';

/** Holds a deleted policy until its injected rules are out of the templates. */
export const FINALIZER = `${GROUP}/injection`;

/** "true" on a Deployment, a pod or a namespace: the operator leaves it alone. */
export const EXCLUDE_ANNOTATION = `${GROUP}/exclude`;
