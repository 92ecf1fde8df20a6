/** An apiVersion that the cluster does not serve any more. */
import {replacedVersion} from '../api-versions.ts';
import type {CheckRule} from '../context.ts';
import {referenceOf} from '../finding.ts';

export const removedApiVersion: CheckRule = {
  id: 'removed-api-version',
  summary: 'The cluster does not serve the apiVersion any more',

  find({request}) {
    const {server} = request.picture;
    return request.manifests.flatMap((manifest) => {
      const replaced = replacedVersion(manifest);
      if (replaced === undefined || server.major !== 1 || server.minor < replaced.removedIn) {
        return [];
      }
      const {apiVersion, kind} = manifest;
      return [
        {
          rule: 'removed-api-version',
          level: 'error',
          object: referenceOf(manifest),
          position: manifest.locate(['apiVersion']),
          title: `${kind} of ${apiVersion} is gone since Kubernetes 1.${replaced.removedIn}`,
          why: [
            `The cluster is of version 1.${server.minor}; kubectl says: no matches for kind "${kind}" in version "${apiVersion}".`,
          ],
          cure: {text: 'Use the version that is served:', yaml: `apiVersion: ${replaced.current}\n`},
        },
      ];
    });
  },
};
