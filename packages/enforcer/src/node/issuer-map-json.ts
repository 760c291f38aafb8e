import { dirname, resolve } from 'node:path'
import {
  anything,
  checkIssuerIdentifier,
  checkOwnAudiences,
  given,
  type IssuerIdentifierOptions,
  listOf,
  oneOrMore,
  type OptionReaders,
  recordOf,
  text,
} from '@scitokens/core/internal'
import { ISSUER_READERS, type IssuerOptions } from '../issuers/issuer-options.ts'
import { issuerRules } from '../issuers/issuer-rules.ts'
import { MAPPING_READERS, type SubjectMapping } from '../issuers/subject-mapping.ts'
import type { IssuerMap } from './issuer-map.ts'
import { readNameMapFile } from './name-map-file.ts'
import { badFile, checkedAt } from './site-file.ts'
import { readMembers, readSiteObject, type SiteObject } from './site-json.ts'
import { readTrust } from './trust.ts'

/** What the whole file has. */
interface FileMembers extends Pick<IssuerMap, 'audience' | 'sharedBasePaths'> {
  readonly issuers?: Readonly<Record<string, unknown>>
}

/** An issuer in the file: its options, with a mapping that is another object. */
interface IssuerMembers extends Omit<IssuerOptions, 'mapping'> {
  readonly mapping?: unknown
}

/** A mapping in the file: its rules stand in a file of their own, and an expression is text. */
interface MappingMembers extends Omit<SubjectMapping, 'rules' | 'allowedNames'> {
  readonly nameMapFile?: string
  readonly allowedNames?: string
}

const FILE_READERS: OptionReaders<FileMembers> = {
  audience: oneOrMore(text),
  sharedBasePaths: listOf(text, { empty: true }),
  issuers: recordOf(anything),
}
const ISSUER_MEMBER_READERS: OptionReaders<IssuerMembers> = { ...ISSUER_READERS, mapping: anything }
const { rules: _rules, ...OF_MAPPING } = MAPPING_READERS
const MAPPING_MEMBER_READERS: OptionReaders<MappingMembers> = { ...OF_MAPPING, nameMapFile: text, allowedNames: text }

/**
 * Reads an issuer map from JSON: `{ "audience": …, "issuers": { "https://…": { "basePath": "/cms", … } } }`, members as in
 * `IssuerOptions`. The mapping's rules stand in a file of their own (`nameMapFile`, relative to this one). Throws
 * `config_error`, naming file, line and key.
 */
export function readJsonIssuerMap(file: string, options: IssuerIdentifierOptions = {}): IssuerMap {
  const trust = readTrust(options)
  const document = readSiteObject(file)
  const { issuers, audience, ...rest } = readMembers<FileMembers>(document, FILE_READERS)
  if (issuers === undefined) throw badFile(document.place('issuers'), 'is missing')
  if (audience !== undefined) {
    checkedAt(document.place('audience'), () => checkOwnAudiences(typeof audience === 'string' ? [audience] : audience))
  }
  const listed = document.member('issuers', issuers)
  const read = Object.entries(issuers).map(([issuer, value]) => {
    checkedAt(listed.place(issuer), () => checkIssuerIdentifier(issuer, trust))
    const own = readIssuer(listed.member(issuer, value))
    // Paths and scopes are judged where the enforcer judges them.
    checkedAt(listed.place(issuer), () => issuerRules(issuer, own, undefined))
    return [issuer, own] as const
  })
  return { issuers: Object.fromEntries(read), ...given({ audience }), ...rest, onMissing: 'deny' }
}

function readIssuer(issuer: SiteObject): IssuerOptions {
  const { mapping, ...options } = readMembers<IssuerMembers>(issuer, ISSUER_MEMBER_READERS)
  return { ...options, ...(mapping !== undefined && { mapping: readMapping(issuer.member('mapping', mapping)) }) }
}

function readMapping(written: SiteObject): SubjectMapping {
  const { nameMapFile, allowedNames, ...mapping } = readMembers<MappingMembers>(written, MAPPING_MEMBER_READERS)
  const { file } = written.place()
  return {
    ...mapping,
    ...(nameMapFile !== undefined && { rules: readNameMapFile(resolve(dirname(file), nameMapFile)) }),
    ...(allowedNames !== undefined && {
      allowedNames: checkedAt(written.place('allowedNames'), () => new RegExp(allowedNames)),
    }),
  }
}
