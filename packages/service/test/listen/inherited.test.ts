import { once } from 'node:events'
import { statSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { pathOfInheritedSocket } from '../../src/listen/inherited.ts'
import { temporaryDirectory } from '../fixture.ts'

async function listen(path: string): Promise<number> {
  const server = createServer()
  onTestFinished(() => void server.close())
  await once(server.listen(path), 'listening')
  return (server as Server & { readonly _handle: { readonly fd: number } })._handle.fd
}

test('a socket has the path that the kernel tells, and none where a name that somebody else has made up looks like its line', async () => {
  const path = join(temporaryDirectory(), 'own.sock')
  const fd = await listen(path)
  expect(pathOfInheritedSocket(fd)).toBe(path)
  const { ino } = statSync(`/proc/self/fd/${fd}`)
  await listen(`\0${process.pid}\n0: 2 0 10000 1 1 ${ino} /run/forged.sock`)
  expect(pathOfInheritedSocket(fd)).toBeUndefined()
})
