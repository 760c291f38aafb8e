// Starts child processes so that signals reach them and their exit status comes back.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'

const windows = process.platform === 'win32'
// Where packages come from, and how they are published, is the user's choice; all else that npm puts there is about npm.
const handedOn = /^npm_config_(registry|userconfig|cafile|ca|proxy|https?_proxy|noproxy|strict_ssl|provenance)$/i

/** The environment without what `npm run` adds: npm's own settings must not leak into pnpm. */
export function cleanEnvironment(environment) {
  return Object.fromEntries(Object.entries(environment).filter(([key]) => !/^npm_/i.test(key) || handedOn.test(key)))
}

/** Runs a command with the terminal's input and output. Resolves to its exit status, 128 + n after signal n. */
export async function run(command, args, options) {
  const { child, ended } = start(command, args, { stdio: 'inherit', ...options })
  const watch = process.env.npm_lifecycle_event && endWithParent(child)
  try {
    return await ended
  } finally {
    clearInterval(watch)
  }
}

/**
 * `kill` of an `npm start` ends npm and the shell between npm and us, and nobody tells us: we see that our parent is gone.
 */
function endWithParent(child) {
  const parent = process.ppid
  return setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM')
  }, 500)
}

/** Runs a command that must not touch our standard input or output. Resolves to its status and all it wrote. */
export async function capture(command, args, options) {
  const { child, ended } = start(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  const chunks = []
  child.stdout?.on('data', (chunk) => chunks.push(chunk))
  child.stderr?.on('data', (chunk) => chunks.push(chunk))
  const status = await ended
  return { status, output: Buffer.concat(chunks).toString() }
}

function start(command, args, options) {
  // npm and the tools in node_modules/.bin are .cmd files on Windows, which only a shell starts.
  const child = spawn(command, windows ? args.map((arg) => JSON.stringify(arg)) : args, { shell: windows, ...options })
  const forward = (signal) => child.kill(signal)
  // On a terminal, Ctrl-C reaches the child by itself.
  const onInterrupt = process.stdin.isTTY ? () => {} : forward
  process.on('SIGINT', onInterrupt)
  process.on('SIGTERM', forward)
  process.on('SIGHUP', forward)
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]))
  }).finally(() => {
    process.off('SIGINT', onInterrupt)
    process.off('SIGTERM', forward)
    process.off('SIGHUP', forward)
  })
  return { child, ended }
}
