const shared = {
  extensionsToTreatAsEsm: ['.ts'],
  transform: {'\\.ts$': '<rootDir>/test/jest-transform.mjs'},
  testEnvironment: 'node',
};

// Scenarios that are quick: on the simulated cluster, and with Node alone, they are the operator's integration tests.
const quickScenarios = ['main-job', 'moonlight', 'zones'];

// Not about the operator, but about packages and pages, or about the programs of Kubernetes and the simulated cluster
// themselves: nothing to run again. scheduler-bindings, random-clusters and the predictions of the command line are
// compared with a scheduler that is not built on the operator's model.
const aboutOtherThings = [
  'check-placement',
  'control-plane',
  'demo',
  'foresight-',
  'packages',
  'random-clusters',
  'report',
  'scheduler-bindings',
  'scheduler-oracle',
  'simulator-',
];

export default {
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/src/**/*.test.ts',
        '<rootDir>/test/unit/**/*.test.ts',
        '<rootDir>/test/faults/**/*.test.ts',
      ],
    },
    {
      ...shared,
      displayName: 'integration',
      testMatch: quickScenarios.map((name) => `<rootDir>/test/e2e/${name}.test.ts`),
      setupFiles: ['<rootDir>/test/controlplane/setup-node-only.ts'],
    },
    {
      ...shared,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/e2e/**/*.test.ts'],
    },
    {
      ...shared,
      displayName: 'scenarios',
      testMatch: ['<rootDir>/test/e2e/**/*.test.ts'],
      testPathIgnorePatterns: aboutOtherThings.map((name) => `/test/e2e/${name}`),
      setupFiles: ['<rootDir>/test/controlplane/setup-simulated.ts'],
    },
  ],
};
