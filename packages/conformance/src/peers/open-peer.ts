import type { Implementation } from '../implementation.ts'
import { openCommandPeer } from './command-peer.ts'

/** Opens a peer by its name, or by a command that speaks the peer protocol. Throws `config_error`, `undecided`. */
export async function openPeer(peer: string): Promise<Implementation> {
  return openCommandPeer({ command: '/bin/sh', args: ['-c', peer] })
}
