import { normaliseDn } from '@scitokens/core/internal'
import type { DistinguishedName } from '../certificate/names.ts'

/** What an authority may name, from one of the two files that the grid has for it. */
export interface NamespaceRule {
  /** Of the authority; `SELF` in the file stands for it. */
  readonly issuer: string | undefined
  readonly permits: boolean
  readonly matches: (subject: string) => boolean
}

/**
 * Reads a `.signing_policy` file (Globus EACL): `access_id_CA`, then rights, then conditions on subjects with `*` and `?`.
 * Throws for what it does not understand: what is passed over might have been a denial.
 */
export function readSigningPolicy(text: string): NamespaceRule[] {
  const rules: NamespaceRule[] = []
  let issuer: string | undefined
  let permits: boolean | undefined
  for (const line of logicalLines(text)) {
    const [keyword = '', kind = '', ...rest] = line.split(/\s+/)
    const value = unquote(line.slice(line.indexOf(kind, keyword.length) + kind.length).trim())
    if (keyword.startsWith('access_id_')) {
      // `access_id_anybody` and other authorities than X.509 ones grant nothing here.
      issuer = keyword === 'access_id_CA' && kind === 'X509' ? value : undefined
      permits = undefined
      if (keyword !== 'access_id_CA') throw new Error(`${keyword} is not understood`)
    } else if (keyword === 'pos_rights' || keyword === 'neg_rights') {
      if (rest.join(' ') !== 'CA:sign' || kind !== 'globus') permits = undefined
      else permits = keyword === 'pos_rights'
      if (keyword === 'neg_rights' && permits === undefined) throw new Error('a denial is not understood')
    } else if (keyword === 'cond_subjects') {
      if (issuer === undefined || permits === undefined) continue
      for (const pattern of patternsOf(value)) {
        rules.push({ issuer: normaliseDn(issuer), permits, matches: globMatcher(normaliseDn(pattern)) })
      }
    } else {
      throw new Error(`${JSON.stringify(keyword.slice(0, 40))} is not understood`)
    }
  }
  return rules
}

/** Reads a `.namespaces` file (EUGridPMA): `TO Issuer "dn" PERMIT Subject "regular expression"`. Throws as above. */
export function readNamespaces(text: string): NamespaceRule[] {
  return logicalLines(text).map((line) => {
    const match = /^TO\s+Issuer\s+(SELF|"[^"]*")\s+(PERMIT|DENY)\s+Subject\s+"([^"]*)"$/i.exec(line)
    if (!match) throw new Error(`the line ${JSON.stringify(line.slice(0, 80))} is not understood`)
    const [, issuer, verdict, pattern] = match
    const expression = new RegExp(`^(?:${normaliseDn(pattern!)})$`)
    return {
      issuer: issuer!.toUpperCase() === 'SELF' ? undefined : normaliseDn(unquote(issuer!)),
      permits: verdict!.toUpperCase() === 'PERMIT',
      matches: (subject) => expression.test(subject),
    }
  })
}

/** Where the files beside authorities are read. */
export interface NamespaceSource<Authority> {
  /** Undefined: there is no file. */
  namespaces(authority: Authority): Promise<readonly NamespaceRule[] | undefined>
}

/**
 * Whether an authority may name a subject; undefined: nothing says so. An authority without a file of its own is bound by the nearest
 * above it that has one: by what is written there of it by its name, else by what that one may name itself.
 *
 * @param path - the authority and those above it.
 */
export async function mayName<Authority extends { readonly certificate: { readonly subject: DistinguishedName } }>(
  subject: DistinguishedName,
  path: readonly Authority[],
  source: NamespaceSource<Authority>,
): Promise<boolean | undefined> {
  const issuer = path[0]!.certificate.subject
  for (const authority of path) {
    // oxlint-disable-next-line no-await-in-loop -- the nearest that has a file
    const rules = await source.namespaces(authority)
    if (!rules) continue
    const above = authority.certificate.subject
    const named = rules.filter((rule) => rule.issuer !== undefined && sameText(rule.issuer, issuer.text))
    if (named.length > 0 && authority !== path[0]) return allow(named, subject)
    return allow(
      rules.filter((rule) => rule.issuer === undefined || sameText(rule.issuer, above.text)),
      subject,
    )
  }
  return undefined
}

/** Some rule permits it and none denies it. */
function allow(rules: readonly NamespaceRule[], subject: DistinguishedName): boolean {
  const fitting = rules.filter((rule) => rule.matches(subject.text))
  return fitting.length > 0 && fitting.every((rule) => rule.permits)
}

function sameText(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

/** Lines without comments; a backslash at the end goes on with the next. */
function logicalLines(text: string): string[] {
  return text
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/\\[ \t]*\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

function unquote(text: string): string {
  return text.replace(/^(['"])(.*)\1$/s, '$2').trim()
}

/** `'"/C=DE/*" "/C=AT/*"'`, or one pattern without inner quotes. */
function patternsOf(value: string): string[] {
  const quoted = [...value.matchAll(/"([^"]*)"/g)].map((match) => match[1]!)
  return quoted.length > 0 ? quoted : [value]
}

function globMatcher(glob: string): (subject: string) => boolean {
  const expression = glob
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll(/\*+/g, '.*')
    .replaceAll('?', '.')
  const compiled = new RegExp(`^${expression}$`)
  return (subject) => compiled.test(subject)
}
