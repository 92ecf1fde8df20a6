/**
 * Builds what the end-to-end tests need from Go modules, before they start: inside of a test Jest would hold back the
 * progress until the end.
 */
import {ensureBinaries} from '../controlplane/binaries.ts';
import {ensureOracle} from '../oracle/oracle.ts';

await ensureBinaries();
await ensureOracle();
