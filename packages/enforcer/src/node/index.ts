// Table of contents of `@scitokens/enforcer/node`: a site's files.
export { DenyListFile, type DenyListFileOptions } from './deny-list-file.ts'
export type { IssuerMap } from './issuer-map.ts'
export { readJsonIssuerMap } from './issuer-map-json.ts'
export { readNameMapFile } from './name-map-file.ts'
export { readIssuerMap } from './read-issuer-map.ts'
export { readScitokensCfg } from './scitokens-cfg.ts'
