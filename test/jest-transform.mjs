// Jest's transform for TypeScript: the same type stripping that Node applies when it runs a .ts file, so that
// tests and the operator execute the same code.
import {createHash} from 'node:crypto';
import {stripTypeScriptTypes} from 'node:module';

export default {
  process(source) {
    return {code: stripTypeScriptTypes(source)};
  },
  getCacheKey(source, path) {
    return createHash('sha256').update(process.version).update(path).update(source).digest('hex');
  },
};
