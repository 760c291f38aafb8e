import type { CaseResult } from './run-cases.ts'

/** The results of all files, counted. */
export interface Report {
  /** Name and version of the implementation that was asked. */
  readonly implementation: string
  /** Cases whose answers were all right. */
  readonly passed: number
  /** Cases with a wrong answer. */
  readonly failed: number
  /** Cases that the implementation could not be asked. */
  readonly skipped: number
  /** Cases at which the implementation's program died. */
  readonly ended: number
  /** The same numbers for each group of rules. */
  readonly sections: Readonly<Record<string, SectionCount>>
  /** Cases that did not pass, in order. */
  readonly notPassed: readonly CaseResult[]
}

/** How many cases of a section came out how. */
export interface SectionCount {
  /** Cases whose answers were all right. */
  readonly passed: number
  /** Cases with a wrong answer. */
  readonly failed: number
  /** Cases that the implementation could not be asked. */
  readonly skipped: number
  /** Cases at which the implementation's program died. */
  readonly ended: number
}

/** Counts results by verdict and by section. */
export function makeReport(implementation: string, results: readonly CaseResult[]): Report {
  const sections: Record<string, SectionCount> = {}
  const all = { passed: 0, failed: 0, skipped: 0, ended: 0 }
  for (const { section, verdict } of results) {
    const counts = (sections[section] ??= { passed: 0, failed: 0, skipped: 0, ended: 0 })
    sections[section] = { ...counts, [verdict]: counts[verdict] + 1 }
    all[verdict]++
  }
  return { implementation, ...all, sections, notPassed: results.filter(({ verdict }) => verdict !== 'passed') }
}

const WORDS: Readonly<Record<CaseResult['verdict'], string>> = {
  passed: 'passed ',
  failed: 'FAILED ',
  skipped: 'skipped',
  ended: 'ENDED  ',
}

/** The report for people: a line per case that failed or that the program ended at, a line per section, and the sum as the last line. */
export function formatReport(report: Report, { skips = false }: { skips?: boolean } = {}): string {
  const lines = report.notPassed
    .filter(({ verdict }) => verdict !== 'skipped' || skips)
    .map(({ verdict, id, title, why }) => `${WORDS[verdict]} ${id}: ${title}: ${why}`)
  const width = Math.max(0, ...Object.keys(report.sections).map((name) => name.length))
  for (const [name, { passed, failed, skipped, ended }] of Object.entries(report.sections)) {
    const died = ended === 0 ? '' : `, ended at ${ended}`
    const notAsked = skipped === 0 ? '' : `, ${skipped} not asked`
    lines.push(`${name.padEnd(width)}  ${passed} of ${passed + failed + ended}${died}${notAsked}`)
  }
  lines.push(summary(report))
  return lines.join('\n')
}

/** `411 passed, 0 failed`, and how many the program ended at and how many were skipped, where any were. */
export function summary({ passed, failed, skipped, ended }: SectionCount): string {
  const more = [...(ended === 0 ? [] : [`, ${ended} ended`]), ...(skipped === 0 ? [] : [`, ${skipped} skipped`])]
  return `${passed} passed, ${failed} failed${more.join('')}`
}
