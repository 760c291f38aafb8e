// Table of contents of `@scitokens/host/files`.
export { DatabaseTurns, isBusy } from './database-turns.ts'
export { makeDirectory } from './make-directory.ts'
export { setAside, setDatabaseAside } from './set-aside.ts'
export { databaseInOtherHands, directoryInOtherHands, ownersTrustedHere, type TrustedOwners } from './trusted-path.ts'
