import { given } from '@scitokens/core/internal'
import { writePrivateFile } from '@scitokens/host/files'
import type { Delivery, DeliveryFormat } from '../state/family.ts'

/** Writes the file that a job reads: mode 0400, whole or not at all, and the job's own. Throws what {@link writePrivateFile} throws. */
export function writeJobFile(
  { file, uid, gid, format }: Delivery,
  token: string,
  expiresAt: number,
  now: number,
): void {
  writePrivateFile(file, contentOf(format, token, expiresAt, now), {
    what: 'the token file',
    mode: 0o400,
    // No job survives a power loss, and every start of a renewer writes the files of those that are there.
    durable: false,
    ...given({ uid, gid }),
  })
}

function contentOf(format: DeliveryFormat, token: string, expiresAt: number, now: number): string {
  if (format === 'bare') return `${token}\n`
  const document = {
    access_token: token,
    token_type: 'bearer',
    expires_in: Math.floor(expiresAt - now),
    expires_at: expiresAt,
  }
  return `${JSON.stringify(document)}\n`
}
