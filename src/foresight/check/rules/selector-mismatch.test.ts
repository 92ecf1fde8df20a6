import {describe, expect, it} from '@jest/globals';
import {deploymentYaml, findingsOf} from '../testing/check-yaml.ts';

describe('foresight/check/rules/selector-mismatch', () => {
  it('says which labels the template lacks', () => {
    expect(findingsOf('selector-mismatch', deploymentYaml('web', {labels: '{app: wbe}'}))).toMatchObject([
      {level: 'error', position: {line: 7}, cure: {yaml: expect.stringContaining('app: web')}},
    ]);
  });

  it('has nothing to say of a selector that matches', () => {
    expect(findingsOf('selector-mismatch', deploymentYaml('web'))).toEqual([]);
  });
});
