import { dirname, resolve } from 'node:path'
import { parseScopePath } from '@scitokens/core'
import {
  checkIssuerIdentifier,
  checkOwnAudiences,
  given,
  type IssuerIdentifierOptions,
  quote,
  unknownNameAdvice,
} from '@scitokens/core/internal'
import type { IssuerOptions } from '../issuers/issuer-options.ts'
import type { SubjectMapping } from '../issuers/subject-mapping.ts'
import { type IniEntry, type IniSection, readIniLines } from './ini-lines.ts'
import type { IssuerMap } from './issuer-map.ts'
import { readNameMapFile } from './name-map-file.ts'
import { badFile, checkedAt, readSiteFile } from './site-file.ts'
import { readTrust } from './trust.ts'

const GLOBAL_KEYS = ['audience', 'audience_json', 'onmissing'] as const
const ISSUER_KEYS = [
  'issuer',
  'base_path',
  'restricted_path',
  'map_subject',
  'default_user',
  'username_claim',
  'groups_claim',
  'name_mapfile',
  'authorization_strategy',
] as const
const ON_MISSING = ['passthrough', 'allow', 'deny'] as const

/**
 * Reads XRootD's `scitokens.cfg`: `[Global]` with `audience`, `audience_json`, `onmissing`, and a section `[Issuer …]` for each
 * issuer. Throws `config_error`, naming file, line and key; an unknown key is one, as it may be a restriction misspelt.
 */
export function readScitokensCfg(file: string, options: IssuerIdentifierOptions = {}): IssuerMap {
  const trust = readTrust(options)
  const issuers: Record<string, IssuerOptions> = {}
  let audience: readonly string[] | undefined
  let onMissing: IssuerMap['onMissing'] = 'passthrough'
  for (const section of readIniLines(readSiteFile(file), file)) {
    const name = section.name.toLowerCase()
    if (name === 'global') {
      checkKeys(section, GLOBAL_KEYS, file)
      audience = readAudience(section, file) ?? audience
      onMissing = readOnMissing(section, file) ?? onMissing
    } else if (/^issuer\s+\S/.test(name)) {
      const [issuer, own] = readIssuer(section, file, trust)
      if (Object.hasOwn(issuers, issuer)) {
        throw badFile(
          { file, line: section.entries.get('issuer')!.line, key: 'issuer' },
          `${quote(issuer)} has a section already`,
        )
      }
      issuers[issuer] = own
    } else {
      throw badFile(
        { file, line: section.line },
        `the section ${quote(section.name)} is neither "Global" nor "Issuer NAME"`,
      )
    }
  }
  return { issuers, ...(audience && { audience }), onMissing }
}

function readIssuer(
  section: IniSection,
  file: string,
  trust: IssuerIdentifierOptions,
): readonly [string, IssuerOptions] {
  checkKeys(section, ISSUER_KEYS, file)
  const issuer = demand(section, 'issuer', file)
  checkedAt({ file, ...issuer }, () => checkIssuerIdentifier(issuer.value, trust))
  const restricted = section.entries.get('restricted_path')
  const groupsClaim = section.entries.get('groups_claim')?.value
  const strategy = readStrategy(section, file)
  const mapping = strategy.has('mapping') ? readMapping(section, file) : undefined
  return [
    issuer.value,
    {
      basePath: readPaths(demand(section, 'base_path', file), file),
      ...(restricted && { restrictedPaths: readPaths(restricted, file) }),
      ...(mapping && { mapping }),
      ...given({ groupsClaim }),
      // Without this strategy scopes of the issuer's tokens grant nothing.
      ...(!strategy.has('capability') && { authorizations: [] }),
    },
  ]
}

function readMapping({ entries }: IniSection, file: string): SubjectMapping | undefined {
  const mapSubject = entries.get('map_subject')
  const defaultUser = entries.get('default_user')?.value
  const usernameClaim = entries.get('username_claim')?.value
  const mapFile = entries.get('name_mapfile')
  const mapping: SubjectMapping = {
    ...(mapSubject && { mapSubject: readBoolean(mapSubject, file) }),
    ...(defaultUser && { defaultUser }),
    ...(usernameClaim && { usernameClaim }),
    ...(mapFile && { rules: readNameMapFile(resolve(dirname(file), mapFile.value)) }),
  }
  return Object.keys(mapping).length === 0 ? undefined : mapping
}

function readStrategy({ entries }: IniSection, file: string): ReadonlySet<string> {
  const known = ['capability', 'group', 'mapping']
  const entry = entries.get('authorization_strategy')
  if (!entry) return new Set(known)
  const words = entry.value
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean)
  const unknown = words.find((word) => !known.includes(word))
  if (unknown !== undefined) throw badFile({ file, ...entry }, `${quote(unknown)} is none of ${known.join(', ')}`)
  return new Set(words)
}

function readAudience({ entries }: IniSection, file: string): readonly string[] | undefined {
  const json = entries.get('audience_json')
  const plain = entries.get('audience')
  const entry = json ?? plain
  if (!entry) return undefined
  const audience = json ? readAudienceJson(json, file) : entry.value.split(/[\s,]+/).filter(Boolean)
  return checkedAt({ file, ...entry }, () => checkOwnAudiences(audience))
}

function readAudienceJson(entry: IniEntry, file: string): readonly string[] {
  const value = checkedAt({ file, ...entry }, () => JSON.parse(entry.raw) as unknown)
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (!list.every((item) => typeof item === 'string'))
    throw badFile({ file, ...entry }, 'must be a string or a list of strings')
  return list
}

function readOnMissing({ entries }: IniSection, file: string): IssuerMap['onMissing'] | undefined {
  const entry = entries.get('onmissing')
  if (!entry) return undefined
  const word = ON_MISSING.find((known) => known === entry.value.toLowerCase())
  if (!word) throw badFile({ file, ...entry }, `${quote(entry.value)} is none of ${ON_MISSING.join(', ')}`)
  return word
}

function readPaths(entry: IniEntry, file: string): readonly string[] {
  const paths = entry.value.split(/[\s,]+/).filter(Boolean)
  if (paths.length === 0) throw badFile({ file, ...entry }, 'names no path')
  for (const path of paths) checkedAt({ file, ...entry }, () => parseScopePath(path))
  return paths
}

function readBoolean(entry: IniEntry, file: string): boolean {
  const word = entry.value.toLowerCase()
  if (['true', 'yes', 'on', '1'].includes(word)) return true
  if (['false', 'no', 'off', '0'].includes(word)) return false
  throw badFile({ file, ...entry }, `${quote(entry.value)} is neither true nor false`)
}

function demand({ entries, line, name }: IniSection, key: string, file: string): IniEntry {
  const entry = entries.get(key)
  if (!entry || entry.value === '')
    throw badFile({ file, line: entry?.line ?? line, key }, `is missing in the section ${quote(name)}`)
  return entry
}

function checkKeys({ entries }: IniSection, known: readonly string[], file: string): void {
  for (const [key, entry] of entries) {
    if (!known.includes(key)) throw badFile({ file, ...entry }, `is not known: ${unknownNameAdvice(key, known)}`)
  }
}
