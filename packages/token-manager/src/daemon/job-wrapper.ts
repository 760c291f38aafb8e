import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Where the job wrapper lies: a shell script for HTCondor's `USER_JOB_WRAPPER` that sets `BEARER_TOKEN_FILE`. */
export function jobWrapperPath(): string {
  return fileURLToPath(new URL('../../share/job-wrapper.sh', import.meta.url))
}

/** The job wrapper's text. */
export function readJobWrapper(): string {
  return readFileSync(jobWrapperPath(), 'utf8')
}
