import { dirname, resolve } from 'node:path'
import {
  checkIssuerIdentifier,
  checkOwnAudiences,
  type IssuerIdentifierOptions,
  parseJsonObject,
  unknownNameAdvice,
} from '@scitokens/core/internal'
import { issuerRules } from '../issuers/issuer-rules.ts'
import type { IssuerOptions } from '../issuers/issuer-options.ts'
import type { SubjectMapping } from '../issuers/subject-mapping.ts'
import type { IssuerMap } from './issuer-map.ts'
import { readNameMapFile } from './name-map-file.ts'
import { badFile, checkedAt, lineOfMember, parseSiteJson, readSiteFile } from './site-file.ts'

type JsonRecord = Readonly<Record<string, unknown>>

const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText)
const isTextOrTexts = (value: unknown): boolean => isText(value) || isTexts(value)
const isFlag = (value: unknown): boolean => typeof value === 'boolean'
const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isGroups = (value: unknown): boolean => isRecord(value) && Object.values(value).every(isTexts)

type Shape = Readonly<Record<string, readonly [is: (value: unknown) => boolean, what: string]>>

const FILE: Shape = {
  audience: [isTextOrTexts, 'a string or a list of strings'],
  sharedBasePaths: [isTexts, 'a list of paths'],
  issuers: [isRecord, 'an object with a member for each issuer'],
}
const ISSUER: Shape = {
  basePath: [isTextOrTexts, 'a path or a list of paths'],
  restrictedPaths: [isTexts, 'a list of paths'],
  authorizations: [isTexts, 'a list of names'],
  audience: [isTextOrTexts, 'a string or a list of strings'],
  groupsClaim: [isText, 'the name of a claim'],
  groups: [isGroups, 'an object that gives each group a list of scopes'],
  mapping: [isRecord, 'an object'],
}
const MAPPING: Shape = {
  mapSubject: [isFlag, 'true or false'],
  defaultUser: [isText, 'the name of an account'],
  usernameClaim: [isText, 'the name of a claim'],
  nameMapFile: [isText, 'the name of a file'],
  allowedNames: [isText, 'a regular expression'],
}

/**
 * Reads an issuer map from JSON: `{ "audience": …, "issuers": { "https://…": { "basePath": "/cms", … } } }`, members as in
 * `IssuerOptions`. The mapping's rules stand in a file of their own (`nameMapFile`, relative to this one). Throws
 * `config_error`, naming file, line and key.
 */
export function readJsonIssuerMap(file: string, trust: IssuerIdentifierOptions = {}): IssuerMap {
  const text = readSiteFile(file)
  const document = parseSiteJson(text, file)
  // A member that comes twice would count once: a restriction could vanish that way.
  if (isRecord(document)) {
    checkedAt({ file, line: undefined }, () => parseJsonObject(new TextEncoder().encode(text), 'the file'))
  }
  const check = (value: unknown, shape: Shape, ...names: readonly string[]): JsonRecord => {
    if (!isRecord(value)) throw badFile({ file, line: lineOfMember(text, ...names) ?? 1 }, 'must be an object')
    for (const [key, member] of Object.entries(value)) {
      const place = { file, line: lineOfMember(text, ...names, key), key }
      const known = Object.hasOwn(shape, key) ? shape[key] : undefined
      if (!known) throw badFile(place, `is not known: ${unknownNameAdvice(key, Object.keys(shape))}`)
      if (!known[0](member)) throw badFile(place, `must be ${known[1]}`)
    }
    return value
  }
  const { audience, sharedBasePaths, issuers } = check(document, FILE)
  if (!issuers) throw badFile({ file, line: 1, key: 'issuers' }, 'is missing')
  if (audience !== undefined) {
    const names = (typeof audience === 'string' ? [audience] : audience) as readonly string[]
    checkedAt({ file, line: lineOfMember(text, 'audience'), key: 'audience' }, () => checkOwnAudiences(names))
  }
  const read = Object.entries(issuers as JsonRecord).map(([issuer, value]) => {
    const { mapping, ...options } = check(value, ISSUER, 'issuers', issuer)
    const place = { file, line: lineOfMember(text, 'issuers', issuer), key: issuer }
    checkedAt(place, () => checkIssuerIdentifier(issuer, trust))
    const own: IssuerOptions = {
      ...options,
      ...(mapping !== undefined && {
        mapping: readMapping(check(mapping, MAPPING, 'issuers', issuer, 'mapping'), file),
      }),
    }
    // Paths and scopes are judged where the enforcer judges them.
    checkedAt(place, () => issuerRules(issuer, own, undefined))
    return [issuer, own] as const
  })
  return {
    issuers: Object.fromEntries(read),
    ...(audience !== undefined && { audience: audience as string | readonly string[] }),
    ...(sharedBasePaths !== undefined && { sharedBasePaths: sharedBasePaths as readonly string[] }),
    onMissing: 'deny',
  }
}

function readMapping({ nameMapFile, allowedNames, ...mapping }: JsonRecord, file: string): SubjectMapping {
  return {
    ...mapping,
    ...(nameMapFile !== undefined && { rules: readNameMapFile(resolve(dirname(file), nameMapFile as string)) }),
    ...(allowedNames !== undefined && { allowedNames: new RegExp(allowedNames as string) }),
  }
}
