import {readPackageFile} from '../package-files.ts';

export const {version: VERSION} = JSON.parse(readPackageFile('package.json')) as {version: string};
