import { randomBytes } from 'node:crypto'
import { chmodSync, lstatSync, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { NotAllowedError } from '@scitokens/core'
import { makeDirectory } from '@scitokens/host/files'

/**
 * Finds out which user is at the other end of a local connection, without SO_PEERCRED, which Node does not offer: the peer is
 * asked to make a directory with a name that nobody could guess, and the kernel says who owns it. HTCondor's FS authentication works the
 * same way.
 *
 * The directory in which this happens belongs to the manager and is sticky: others can make entries there but not list,
 * rename or remove them.
 */
export class PeerChallenges {
  readonly #directory: string

  /** @param directory - in which it happens; {@link prepare} makes it. */
  constructor(directory: string) {
    this.#directory = directory
  }

  /** Makes the directory (mode 1733) when it is missing, and empties it. Its parents must belong to the manager. */
  prepare(): void {
    makeDirectory(this.#directory)
    // Left by a manager that was killed.
    for (const name of readdirSync(this.#directory)) rmdirSync(join(this.#directory, name))
    chmodSync(this.#directory, 0o1733)
  }

  /** A directory for the peer to make. */
  issue(): string {
    return join(this.#directory, randomBytes(24).toString('base64url'))
  }

  /**
   * Says who made the directory, and removes it. Throws `peer_not_allowed` when it is missing, not a new, empty and private one.
   *
   * A directory of another user cannot be moved here: moving needs write permission on it, and its mode is 0700.
   *
   * @returns the user id.
   */
  settle(challenge: string): number {
    const stats = lstatSync(challenge, { throwIfNoEntry: false })
    if (!stats?.isDirectory() || (stats.mode & 0o7777) !== 0o700) {
      throw new NotAllowedError('peer_not_allowed', 'the peer has not shown which user it is')
    }
    try {
      rmdirSync(challenge) // fails when it is not empty
    } catch (cause) {
      throw new NotAllowedError('peer_not_allowed', 'the peer has not shown which user it is', { cause })
    }
    return stats.uid
  }

  /** Removes what an unfinished conversation left. */
  abandon(challenge: string): void {
    try {
      rmdirSync(challenge)
    } catch {
      // never made, or not empty: then it stays, with a name that is never used again
    }
  }
}
