import type { CaseResult } from './run-cases.ts'

/** The results of all files, counted. */
export interface Report {
  /** The implementation that was asked. */
  readonly implementation: string
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly sections: Readonly<Record<string, SectionCount>>
  /** Cases that failed or were skipped, in order. */
  readonly notPassed: readonly CaseResult[]
}

/** How many cases of a section came out how. */
export interface SectionCount {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** Counts results. */
export function makeReport(implementation: string, results: readonly CaseResult[]): Report {
  const sections: Record<string, SectionCount> = {}
  const all = { passed: 0, failed: 0, skipped: 0 }
  for (const { section, verdict } of results) {
    const counts = (sections[section] ??= { passed: 0, failed: 0, skipped: 0 })
    sections[section] = { ...counts, [verdict]: counts[verdict] + 1 }
    all[verdict]++
  }
  return { implementation, ...all, sections, notPassed: results.filter(({ verdict }) => verdict !== 'passed') }
}

/** The report for people: a line per failed case, a line per section, and the sum as the last line. */
export function formatReport(report: Report, { skips = false }: { skips?: boolean } = {}): string {
  const lines = report.notPassed
    .filter(({ verdict }) => verdict === 'failed' || skips)
    .map(({ verdict, id, title, why }) => `${verdict === 'failed' ? 'FAILED ' : 'skipped'} ${id}: ${title}: ${why}`)
  const width = Math.max(0, ...Object.keys(report.sections).map((name) => name.length))
  for (const [name, { passed, failed, skipped }] of Object.entries(report.sections)) {
    const notAsked = skipped === 0 ? '' : `, ${skipped} not asked`
    lines.push(`${name.padEnd(width)}  ${passed} of ${passed + failed}${notAsked}`)
  }
  lines.push(summary(report))
  return lines.join('\n')
}

/** `411 passed, 0 failed`, and how many were skipped where any were. */
export function summary({ passed, failed, skipped }: SectionCount): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`
}
