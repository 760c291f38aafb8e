// A lock between processes that works on any file system: a file that only one can create, with its owner inside.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { Failure } from './failure.mjs'

const patienceMs = 15 * 60_000
const me = `${hostname()} ${process.pid}`

/** Runs `work` while holding the lock of `folder`; a lock whose owner died is taken over. */
export async function withLock(folder, work) {
  const file = join(folder, 'lock')
  const deadline = Date.now() + patienceMs
  while (!create(folder, file)) {
    const owner = read(file)
    if (owner !== undefined && isDead(owner)) takeAway(file, owner)
    else if (Date.now() > deadline)
      throw new Failure(`Waited in vain for another install (${owner}): if there is none, delete ${file}.`)
    else await new Promise((resolve) => setTimeout(resolve, 100))
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

function create(folder, file) {
  mkdirSync(folder, { recursive: true })
  try {
    writeFileSync(file, me, { flag: 'wx' })
    return true
  } catch (error) {
    // ENOENT: a failed run has just tidied the folder away.
    if (error.code === 'EEXIST' || error.code === 'ENOENT') return false
    throw error
  }
}

function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

function isDead(owner) {
  const [host, pid] = owner.split(' ')
  if (host !== hostname() || !(Number(pid) > 0)) return false
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}

/** Renames first and looks then, so that of two takers none deletes the other's fresh lock. */
function takeAway(file, owner) {
  const aside = `${file}.${process.pid}`
  try {
    renameSync(file, aside)
    if (read(aside) !== owner) linkSync(aside, file)
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error
  } finally {
    rmSync(aside, { force: true })
  }
}
