import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Implementation } from '../implementation.ts'
import { openCommandPeer } from './command-peer.ts'
import { prepare, sourceOf } from './programs.ts'

/** The Go library's module; it has no releases, so the newest revision that the module proxy has is taken. */
const MODULE = 'github.com/scitokens/scitokens-go@latest'

/**
 * The Go library from the module proxy, in a small program that is compiled at the first use.
 *
 * @returns the program. Throws `config_error` where it cannot be fetched or compiled.
 */
export async function prepareGo(cacheDirectory: string): Promise<string> {
  const source = sourceOf('go/peer.go')
  const directory = await prepare({
    peer: 'the Go library',
    needs: 'go, and github.com/scitokens/scitokens-go from the module proxy',
    cacheDirectory,
    sources: [source],
    version: 'go',
    make: async (unfinished, run) => {
      await copyFile(source, join(unfinished, 'main.go'))
      await run('go', ['mod', 'init', 'peer'], { cwd: unfinished })
      await run('go', ['get', MODULE], { cwd: unfinished })
      await run('go', ['mod', 'tidy'], { cwd: unfinished })
      await run('go', ['build', '-o', 'peer', '.'], { cwd: unfinished })
    },
  })
  return join(directory, 'peer')
}

/** The Go library behind the peer protocol. */
export async function openGoPeer(cacheDirectory: string): Promise<Implementation> {
  return openCommandPeer({ command: await prepareGo(cacheDirectory), args: [] })
}
