import { needs } from '@scitokens-tests/programs'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LineProcess } from '../src/peers/line-process.ts'
import { prepare, type Preparation } from '../src/peers/programs.ts'

let cacheDirectory: string
beforeEach(async () => {
  cacheDirectory = await mkdtemp(join(tmpdir(), 'peers-'))
})
afterEach(() => rm(cacheDirectory, { recursive: true, force: true }))

function preparation(make: Preparation['make'], members: Partial<Preparation> = {}): Preparation {
  return { peer: 'the library', needs: 'patience', cacheDirectory, sources: [], version: 'x-1', make, ...members }
}

describe('a peer is prepared', () => {
  test('once, and found the next time', async () => {
    let made = 0
    const make = async (directory: string): Promise<void> => {
      made++
      await writeFile(join(directory, 'program'), 'text')
    }
    const first = await prepare(preparation(make))
    expect(await prepare(preparation(make))).toBe(first)
    expect(made).toBe(1)
    expect(await readFile(join(first, 'program'), 'utf8')).toBe('text')
  })

  test('anew when its source or version is another one', async () => {
    const source = join(cacheDirectory, 'source')
    await writeFile(source, 'one')
    const at = (version: string): Promise<string> =>
      prepare(preparation(async () => {}, { sources: [source], version }))
    const one = await at('x-1')
    expect(await at('x-2')).not.toBe(one)
    await writeFile(source, 'two')
    expect(await at('x-1')).not.toBe(one)
  })

  test('by two processes at once: the first that is ready wins, and both get the same', async () => {
    const make = (directory: string): Promise<void> => writeFile(join(directory, 'program'), 'text')
    const [one, other] = await Promise.all([prepare(preparation(make)), prepare(preparation(make))])
    expect(one).toBe(other)
    expect(await readdir(cacheDirectory)).toHaveLength(1)
  })

  test('or there is one clear sentence, and nothing is left behind', async () => {
    const failing = preparation((_, run) => run('sh', ['-c', 'echo much noise >&2; echo no network >&2; exit 1']))
    await expect(prepare(failing)).rejects.toMatchObject({
      code: 'config_error',
      message: 'the library cannot be had here (it needs patience): no network',
    })
    expect(await readdir(cacheDirectory)).toEqual([])
  })

  test('or it is told that a program is missing', async () => {
    const missing = preparation((_, run) => run('no-such-compiler', []))
    await expect(prepare(missing)).rejects.toMatchObject({
      message: expect.stringContaining('no-such-compiler') as string,
    })
  })

  test('in a directory that nobody else can write', async () => {
    const directory = join(cacheDirectory, 'below')
    await prepare(preparation(async () => {}, { cacheDirectory: directory }))
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
  })
})

describe('a program that is asked line by line', () => {
  const words = (line: unknown): string[] => (typeof line === 'string' ? line.split(' ') : [])

  test('answers each line', async () => {
    const program = new LineProcess({ command: 'sh', args: ['-c', 'while read -r line; do echo "<$line>"; done'] })
    expect([await program.ask('a'), await program.ask('b')]).toEqual(['<a>', '<b>'])
    await program.close()
  })

  test('and ends is an answer, with its last words, and it is started anew for the next question', async () => {
    const script =
      'while read -r line; do [ "$line" = fatal ] && { echo corrupted >&2; kill -SEGV $$; }; echo "$line"; done'
    const program = new LineProcess({ command: 'sh', args: ['-c', script] })
    expect(await program.ask('fatal')).toEqual({ ended: 'corrupted' })
    expect(await program.ask('again')).toBe('again')
    await program.close()
  })

  test(
    'and stays silent is ended, whatever it started, and started anew for the next question',
    needs('sleep'),
    async () => {
      const script = 'while read -r line; do [ "$line" = stuck ] && sleep 1000; echo "$line $$"; done'
      const program = new LineProcess({ command: 'sh', args: ['-c', script] }, 3000)
      const [, first] = words(await program.ask('hello'))
      await expect(program.ask('stuck')).rejects.toMatchObject({
        code: 'undecided',
        message: 'no answer within 3000 ms',
      })
      const [answer, second] = words(await program.ask('again'))
      expect(answer).toBe('again')
      expect(second).not.toBe(first)
      expect(() => process.kill(Number(first), 0)).toThrow('ESRCH')
      await program.close()
    },
  )
})
