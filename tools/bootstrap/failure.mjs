// Turns what can go wrong before the first command runs into one sentence that says what to do.

/** A failure whose message is already meant for the person at the keyboard. */
export class Failure extends Error {}

const byHand = 'or install Node 24 and pnpm 12 yourself (https://nodejs.org, https://pnpm.io/installation)'
const network =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|ERR_PNPM_META_FETCH_FAIL)\b|error sending request|fetch failed/
const unwritable =
  /\b(EACCES|EPERM|EROFS|ENOSPC|EDQUOT|ENOTDIR)\b|Permission denied|Read-only file system|No space left/
const missing = /\b(ETARGET|E404|EBADPLATFORM|ERR_PNPM_FETCH_404|ERR_PNPM_NO_MATCHING_VERSION)\b/

/** What kind of trouble a tool's output speaks of: `network`, `unwritable`, `missing` or `other`. */
export function kindOf(output) {
  if (missing.test(output)) return 'missing'
  if (network.test(output)) return 'network'
  if (unwritable.test(output)) return 'unwritable'
  return 'other'
}

/** One sentence for a failed step that wanted `what`. */
export function sentence(what, output) {
  const detail = (output.match(missing) ?? output.match(network) ?? output.match(unwritable) ?? ['unknown cause'])[0]
  switch (kindOf(output)) {
    case 'missing':
      return `The npm registry has no ${what} for this machine (${detail}): choose another registry in .npmrc, ${byHand}.`
    case 'network':
      return `No connection to the npm registry for ${what} (${detail}): check the network and the proxy and registry settings of npm, ${byHand}.`
    case 'unwritable':
      return `Cannot write ${what} (${detail}): make this directory and your home directory writable, with about 1 GB free.`
    default:
      return `Getting ${what} failed, for the reason above: mend that, ${byHand}.`
  }
}

/** The text to print for any error of the bootstrap. */
export function explain(error) {
  if (error instanceof Failure) return error.message
  if (unwritable.test(String(error?.code))) return sentence('the work tree', `${error.code} ${error.message}`)
  if (error?.code === 'ENOENT' && error.syscall?.startsWith('spawn')) {
    return `There is no command ${error.path}: it is neither a tool of this work tree nor installed on this machine.`
  }
  return error?.stack ?? String(error)
}
