import { curlLines, renewToken, writeCurlFiles } from './curl.ts'
import { Narrator } from './narrator.ts'
import { startSite } from './site.ts'
import { getTokens, runStory, storyOf } from './steps.ts'
import { DemoError, makeWorkingDirectory } from './working-directory.ts'

/** Options of {@link runDemo}. */
export interface DemoOptions {
  /** End after the steps. Default: stay up until `stop` says so. */
  readonly once?: boolean
  /** Aborted when somebody wants the end. */
  readonly stop: AbortSignal
  readonly out?: NodeJS.WritableStream
}

/** Tokens live an hour; who plays longer gets a new one in time. */
const RENEW_MS = 30 * 60_000

/** Runs the demonstration. Returns the exit status: 0 if every decision was right. Leaves nothing behind, whatever happens. */
export async function runDemo({ once = false, stop, out }: DemoOptions): Promise<number> {
  const narrator = new Narrator(out)
  const directory = makeWorkingDirectory()
  try {
    const site = await startSite(directory.path)
    try {
      narrator.introduce(site, directory.path)
      const tokens = await getTokens(site)
      narrator.showToken(tokens.good)
      const steps = storyOf(tokens)
      stop.throwIfAborted()
      const wrong = await runStory(site, steps, (outcome) => {
        stop.throwIfAborted()
        narrator.tell(outcome)
      })
      narrator.conclude(steps.length, wrong)
      if (once || wrong > 0) return wrong === 0 ? 0 : 1
      const files = writeCurlFiles(directory.path, site, tokens.good)
      narrator.say('Both servers stay up. Try it from another terminal:', '')
      narrator.say(...curlLines(files, site), '', 'Ctrl-C ends it and removes everything.')
      const renewal = setInterval(() => {
        renewToken(files, site).catch((error: unknown) =>
          narrator.say(`the token could not be renewed: ${String(error)}`),
        )
      }, RENEW_MS)
      await aborted(stop)
      clearInterval(renewal)
      return 0
    } finally {
      await site.close()
    }
  } catch (error) {
    if (stop.aborted) return 130
    throw describe(error, directory.path)
  } finally {
    directory.remove()
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** A disk that is full or read-only is not a fault of the program. */
function describe(error: unknown, directory: string): unknown {
  const { code } = error as NodeJS.ErrnoException
  const disk = ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM'].includes(code ?? '')
  return disk
    ? new DemoError(`The demonstration cannot write its files in ${directory} (${code}): set TMPDIR to another place.`)
    : error
}
