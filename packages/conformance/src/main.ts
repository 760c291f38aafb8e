import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { ConfigError, SciTokenError } from '@scitokens/core'
import { caseFilePaths } from './case-files.ts'
import type { CaseFile } from './format.ts'
import type { Implementation } from './implementation.ts'
import { openPeer } from './peers/open-peer.ts'
import { readCases } from './read-cases.ts'
import { formatReport, makeReport } from './report.ts'
import { type CaseResult, runCases } from './run-cases.ts'
import { thisProject } from './this-project.ts'

/** Where {@link conformanceMain} writes. */
export interface ConformanceOutput {
  /** The report. Default: standard output. */
  readonly out?: (text: string) => void
  /** What went wrong before anything was asked. Default: standard error. */
  readonly err?: (text: string) => void
}

/** What is run, beside the files. */
export interface ConformanceCommand {
  /** Files of cases. */
  readonly files: readonly string[]
  /** `cpp`, `python`, `go`, or a command that speaks the peer protocol. Default: this project. */
  readonly peer?: string | undefined
  /** Compare codes too. Default: false. */
  readonly strict?: boolean | undefined
  /** Print the report as JSON. Default: false. */
  readonly json?: boolean | undefined
  /** Print a line per skipped case too. Default: false. */
  readonly skips?: boolean | undefined
}

/**
 * The command `scitokens conformance run FILE… [--peer cpp|python|go|COMMAND] [--strict] [--skips] [--json]`. A FILE may be
 * a directory of case files; without any, the cases of this package are run.
 *
 * @returns the exit status: 0 all passed, 1 a case failed or the program ended at one, 2 usage or a file that cannot be read.
 */
export async function conformanceMain(argv: readonly string[], output: ConformanceOutput = {}): Promise<number> {
  const { err = (text) => process.stderr.write(text) } = output
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        peer: { type: 'string' },
        strict: { type: 'boolean' },
        skips: { type: 'boolean' },
        json: { type: 'boolean' },
      },
    })
    return await runConformance({ ...values, files: positionals }, output)
  } catch (error) {
    if (!(error instanceof TypeError) && !(error instanceof SciTokenError)) throw error
    err(`${error.message}\n`)
    return 2
  }
}

/** The same with its arguments parsed. Throws `config_error` for what {@link conformanceMain} answers with 2. */
export async function runConformance(command: ConformanceCommand, output: ConformanceOutput = {}): Promise<number> {
  const { out = (text) => process.stdout.write(text) } = output
  // Every file is read before anything is run: a mistake in the last one should not cost the time of the others.
  const files = await readFiles(command.files)
  const implementation = command.peer === undefined ? thisProject : await openPeer(command.peer)
  try {
    const results = await runFiles(files, implementation, command.strict ?? false)
    const report = makeReport(implementation.name, results)
    out(
      command.json
        ? `${JSON.stringify({ ...report, tellsRefusalsApart: implementation.tellsRefusalsApart }, undefined, 2)}\n`
        : `${heading(implementation)}${formatReport(report, { skips: command.skips ?? false })}\n`,
    )
    return report.failed + report.ended > 0 ? 1 : 0
  } finally {
    await implementation.close?.()
  }
}

async function runFiles(
  files: readonly CaseFile[],
  implementation: Implementation,
  strict: boolean,
): Promise<CaseResult[]> {
  const results: CaseResult[] = []
  for (const file of files) {
    // oxlint-disable-next-line no-await-in-loop -- a peer answers one question at a time
    results.push(...(await runCases(file, implementation, { strict })))
  }
  return results
}

/** Reads files and directories of case files; none at all means the cases of this package. */
export async function readFiles(paths: readonly string[]): Promise<readonly CaseFile[]> {
  const found = await caseFilePaths(paths)
  const files = await Promise.all(
    found.map(async (path) => {
      try {
        return readCases(await readFile(path, 'utf8'), path)
      } catch (cause) {
        if (cause instanceof SciTokenError) throw cause
        throw new ConfigError('config_error', `${path} cannot be read: ${(cause as Error).message}`, { cause })
      }
    }),
  )
  if (files.every((file) => file.cases.length === 0))
    throw new ConfigError('config_error', 'there is no case in these files')
  return files
}

function heading({ name, tellsRefusalsApart, clock }: Implementation): string {
  if (tellsRefusalsApart && clock === 'settable') return ''
  const notes = [
    ...(tellsRefusalsApart ? [] : ['says only yes or no']),
    ...(clock === 'settable' ? [] : ['is asked with tokens signed for the real time']),
  ]
  return `${name} ${notes.join(' and ')}\n`
}
