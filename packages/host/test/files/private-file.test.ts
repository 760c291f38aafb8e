import { needs } from '@scitokens-tests/programs'
import { execFileSync, spawn } from '@scitokens-tests/programs/processes'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createPrivateFile, readPrivateFile } from '../../src/files/index.ts'
import { temporaryDirectory } from '../fixture.ts'

const isRoot = process.geteuid?.() === 0
const STRANGER = 64_324

const refusal = (pattern: RegExp): unknown =>
  expect.objectContaining({ code: 'config_error', message: expect.stringMatching(pattern) as string })

function secretFile(mode = 0o600): { directory: string; file: string } {
  const directory = temporaryDirectory()
  const file = join(directory, 'secret')
  writeFileSync(file, 'secret')
  chmodSync(file, mode)
  return { directory, file }
}

test('a private file is read; one that is not there is undefined', () => {
  const { directory, file } = secretFile()
  expect(readPrivateFile(file)?.toString()).toBe('secret')
  expect(readPrivateFile(join(directory, 'none'))).toBeUndefined()
  expect(readPrivateFile(join(file, 'below'))).toBeUndefined()
})

test('a file over its size is refused, and one of just that size is not', () => {
  const { file } = secretFile()
  expect(readPrivateFile(file, { maxBytes: 6 })?.toString()).toBe('secret')
  expect(() => readPrivateFile(file, { maxBytes: 5 })).toThrow(refusal(/is larger than 5 bytes/))
})

test('a directory is no private file, and the message says what the file was to be', () => {
  expect(() => readPrivateFile(temporaryDirectory(), { what: 'the key file' })).toThrow(
    refusal(/^the key file ".*" is not a regular file$/),
  )
})

test('a named pipe is refused, and nobody waits for who writes into it', needs('mkfifo'), () => {
  const pipe = join(temporaryDirectory(), 'pipe')
  execFileSync('mkfifo', ['-m', '600', pipe])
  expect(() => readPrivateFile(pipe)).toThrow(refusal(/is not a regular file/))
})

describe.runIf(process.geteuid !== undefined)('on systems with owners and modes', () => {
  test.each([0o640, 0o604])('a file that others can read (mode %o) is refused, unless that was allowed', (mode) => {
    const { file } = secretFile(mode)
    expect(() => readPrivateFile(file)).toThrow(refusal(/can be read by others: chmod 600 it/))
    expect(readPrivateFile(file, { readableByOthers: true })?.toString()).toBe('secret')
  })

  test.each([0o620, 0o602, 0o666])('a file that others can write (mode %o) is always refused', (mode) => {
    const { file } = secretFile(mode)
    expect(readPrivateFile(file, { anyMode: true, judgeWay: false })?.toString()).toBe('secret')
    expect(() => readPrivateFile(file, { readableByOthers: true })).toThrow(refusal(/can be written by others/))
  })

  test.runIf(isRoot)("another user's file is refused, unless it is to be that user's", () => {
    const { file } = secretFile()
    chownSync(file, STRANGER, STRANGER)
    expect(() => readPrivateFile(file)).toThrow(refusal(/belongs to another user/))
    expect(readPrivateFile(file, { owner: STRANGER })?.toString()).toBe('secret')
  })

  test('a file that others could replace is refused: each step on the way counts', () => {
    const { directory, file } = secretFile()
    const link = join(temporaryDirectory(), 'link')
    symlinkSync(file, link)
    chmodSync(directory, 0o777)
    for (const path of [file, link]) {
      expect(() => readPrivateFile(path)).toThrow(
        refusal(/could be replaced by others: the directory .* can be written/),
      )
      expect(readPrivateFile(path, { judgeWay: false })?.toString()).toBe('secret')
    }
  })

  test('in a sticky directory, as /tmp is, nobody replaces what is ours', () => {
    const { directory, file } = secretFile()
    chmodSync(directory, 0o1777)
    expect(readPrivateFile(file)?.toString()).toBe('secret')
  })

  test('a link of ours is followed, unless links are refused', () => {
    const { directory, file } = secretFile()
    const link = join(directory, 'link')
    symlinkSync(file, link)
    expect(readPrivateFile(link)?.toString()).toBe('secret')
    expect(() => readPrivateFile(link, { refuseLink: true })).toThrow(refusal(/is a symbolic link/))
  })

  test.runIf(isRoot)("another user's link is refused, wherever it leads", () => {
    const { file } = secretFile()
    const directory = temporaryDirectory()
    const link = join(directory, 'link')
    symlinkSync(file, link)
    execFileSync(process.execPath, ['-e', `fs.lchownSync(${JSON.stringify(link)}, ${STRANGER}, ${STRANGER})`])
    expect(() => readPrivateFile(link)).toThrow(refusal(/the link .* belongs to another user/))
  })
})

describe('a private file that is to be made', () => {
  test('is made with mode 0600, and never a second time', () => {
    const directory = temporaryDirectory()
    const file = join(directory, 'key')
    expect(createPrivateFile(file, 'first')).toBe(true)
    expect(createPrivateFile(file, 'second')).toBe(false)
    expect(readFileSync(file, 'utf8')).toBe('first')
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(directory)).toEqual(['key'])
  })

  test('is the same for all processes that make it at once', async () => {
    const file = join(temporaryDirectory(), 'key')
    const program = `import { createPrivateFile } from ${JSON.stringify(join(import.meta.dirname, '../../src/files/index.ts'))}
      console.log(createPrivateFile(${JSON.stringify(file)}, String(process.pid)))`
    const children = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ['--no-warnings', '-C', '@scitokens/source', '--input-type=module', '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    )
    const made = await Promise.all(
      children.map(async (child) => {
        const answer = child.stdout.toArray()
        await once(child, 'close')
        return {
          pid: String(child.pid),
          made:
            Buffer.concat((await answer) as Buffer[])
              .toString()
              .trim() === 'true',
        }
      }),
    )
    expect(made.filter((one) => one.made).map(({ pid }) => pid)).toEqual([readFileSync(file, 'utf8')])
  })

  test('is not made in a directory that others can change, or that is not there', () => {
    const directory = temporaryDirectory()
    mkdirSync(join(directory, 'open'))
    chmodSync(join(directory, 'open'), 0o777)
    if (process.geteuid !== undefined) {
      expect(() => createPrivateFile(join(directory, 'open', 'key'), 'x')).toThrow(
        refusal(/could be replaced by others/),
      )
      expect(readdirSync(join(directory, 'open'))).toEqual([])
    }
    expect(() => createPrivateFile(join(directory, 'none', 'key'), 'x', 'the key file')).toThrow(
      refusal(/^the key file ".*" cannot be made \(ENOENT\)/),
    )
  })
})
