// Table of contents of `@scitokens/host/files`.
export { DatabaseTurns, isBusy } from './database-turns.ts'
export { guardDatabase, type GuardOptions } from './guard-database.ts'
export { makeDirectory } from './make-directory.ts'
export { makePrivateDirectory } from './private-directory.ts'
export { createPrivateFile, type PrivateFileOptions, readPrivateFile } from './private-file.ts'
export { setAside, setDatabaseAside } from './set-aside.ts'
export {
  databaseInOtherHands,
  directoryInOtherHands,
  fileInOtherHands,
  ownersTrustedHere,
  type TrustedOwners,
} from './trusted-path.ts'
export { WatchedFile, type WatchedFileOptions } from './watched-file.ts'
export { writePrivateFile, type WriteOptions } from './write-private-file.ts'
