import type { Implementation } from '../implementation.ts'
import { openCommandPeer } from './command-peer.ts'
import { openGoPeer } from './go-peer.ts'
import { defaultCacheDirectory } from './programs.ts'
import { openPythonPeer } from './python-peer.ts'

/** Options of {@link openPeer}. */
export interface PeerOptions {
  /** Where programs and libraries of peers are kept once they are made. Default: `~/.cache/scitokens-conformance`. */
  readonly cacheDirectory?: string
}

/** Peers that are known by a name. */
export const NAMED_PEERS = ['cpp', 'python', 'go'] as const

/**
 * Opens a peer: `cpp`, `python` or `go`, which is built or installed the first time, or a shell command that speaks the peer
 * protocol. Close it when done.
 *
 * Throws `config_error` for a peer that cannot be had here or does not speak the protocol, `undecided` for one that ends at once.
 */
export async function openPeer(
  peer: string,
  { cacheDirectory = defaultCacheDirectory() }: PeerOptions = {},
): Promise<Implementation> {
  switch (peer) {
    case 'cpp': {
      // It needs SQLite, which not every runtime has; whoever asks another peer should not have to care.
      const { openCppPeer } = await import('./cpp-peer.ts')
      return openCppPeer(cacheDirectory)
    }
    case 'python':
      return openPythonPeer(cacheDirectory)
    case 'go':
      return openGoPeer(cacheDirectory)
    default:
      return openCommandPeer({ command: '/bin/sh', args: ['-c', peer] })
  }
}
