import type { CaseResult } from '../src/index.ts'

/** The results of one implementation, for a column of the table. */
export interface Column {
  /** With version. */
  readonly name: string
  /** What the reader should know about how it was asked. */
  readonly notes: readonly string[]
  /** Results by case id; undefined where the implementation could not be had. */
  readonly results: ReadonlyMap<string, CaseResult> | undefined
}

const WORDS = { passed: 'as expected', failed: 'differs', skipped: 'not asked', ended: 'ended' } as const

/**
 * The page with the table of differences. It says where implementations differ from the cases, in the words of the rule, and
 * nothing more.
 */
export function makePage(columns: readonly Column[]): string {
  const asked = columns.filter((column) => column.results !== undefined)
  const all = [...asked[0]!.results!.values()]
  const sections = [...new Set(all.map(({ section }) => section))].toSorted()
  return [
    '# Conformance',
    '<!-- Made by `npm run conformance:table`; do not edit. -->',
    INTRODUCTION,
    '## Who was asked',
    ...columns.map(({ name, notes }) => `- **${name}**${notes.length === 0 ? '' : `: ${notes.join('; ')}`}.`),
    '## By section',
    row(['section', 'cases', ...asked.map(({ name }) => name)]),
    row(['---', '---:', ...asked.map(() => '---')]),
    ...sections.map((section) => {
      const ids = all.filter((result) => result.section === section).map(({ id }) => id)
      return row([section, String(ids.length), ...asked.map((column) => counts(column, ids))])
    }),
    row([
      '**all**',
      String(all.length),
      ...asked.map((column) =>
        counts(
          column,
          all.map(({ id }) => id),
        ),
      ),
    ]),
    '## Where answers differ',
    'Cases to which every implementation that was asked gave the expected answer are left out.',
    ...sections.flatMap((section) => sectionTable(section, all, asked)),
    '',
  ]
    .join('\n\n')
    .replaceAll(/(\|)\n\n(?=\|)/g, '$1\n')
    .replaceAll(/^(- .*)\n\n(?=- )/gm, '$1\n')
}

const INTRODUCTION = `The cases in [\`packages/conformance/cases\`](../packages/conformance/cases) say in a language-neutral form what a verifier
of SciTokens, WLCG tokens and \`at+jwt\` access tokens should answer, each with the place the rule comes from. Run them with
\`scitokens conformance run\`, against another implementation with \`--peer cpp|python|go|COMMAND\`.

A difference is not a verdict: libraries choose other defaults, implement fewer profiles, or follow an older edition of a document.
"Not asked" means that the library has no such question or option, or that its clock cannot be set to the time of the case.
"Ended" means that the program died of the question. What the library does there is not defined: elsewhere it may answer, and no answer
of it is agreement.`

function sectionTable(section: string, all: readonly CaseResult[], columns: readonly Column[]): readonly string[] {
  const differing = all.filter(
    (result) =>
      result.section === section &&
      columns.some(({ results }) => ['failed', 'ended'].includes(verdict(results!, result.id))),
  )
  if (differing.length === 0) return []
  return [
    `### ${section}`,
    row(['case', 'rule', ...columns.map(({ name }) => name)]),
    row(['---', '---', ...columns.map(() => '---')]),
    ...differing.map(({ id, title }) =>
      row([`\`${id}\``, escape(title), ...columns.map(({ results }) => WORDS[verdict(results!, id)])]),
    ),
  ]
}

function counts({ results }: Column, ids: readonly string[]): string {
  const verdicts = ids.map((id) => verdict(results!, id))
  const count = (wanted: CaseResult['verdict']): number => verdicts.filter((it) => it === wanted).length
  const parts = [
    `${count('passed')} as expected`,
    ...(count('failed') === 0 ? [] : [`${count('failed')} differ`]),
    ...(count('ended') === 0 ? [] : [`${count('ended')} ended`]),
    ...(count('skipped') === 0 ? [] : [`${count('skipped')} not asked`]),
  ]
  return parts.join(', ')
}

function verdict(results: ReadonlyMap<string, CaseResult>, id: string): CaseResult['verdict'] {
  return results.get(id)?.verdict ?? 'skipped'
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

/** A title as text: nothing in it is markup. */
function escape(title: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is made visible
  const visible = title.replaceAll(/[\u0000-\u001f\u007f-\u009f\u200b\u2028\u2029]/g, '·')
  return visible.replaceAll(/[\\`*_{}[\]<>|#~&]/g, (character) => `\\${character}`)
}
