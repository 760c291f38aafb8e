import { statSync } from 'node:fs'
import { InvalidRequestError } from '@scitokens/core'

/** What `--ca` names: files, or one hashed directory. */
export function certificateAuthorities(ca: readonly string[] | undefined): {
  readonly ca?: readonly string[] | { readonly directory: string }
} {
  if (ca === undefined) return {}
  const directories = ca.filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory())
  if (directories.length === 0) return { ca }
  if (ca.length > 1) throw new InvalidRequestError('invalid_request', '--ca takes files, or one directory')
  return { ca: { directory: directories[0]! } }
}
