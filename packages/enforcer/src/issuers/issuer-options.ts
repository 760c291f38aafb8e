import { listOf, nested, oneOrMore, type OptionReaders, recordOf, text } from '@scitokens/core/internal'
import { MAPPING_READERS, type SubjectMapping } from './subject-mapping.ts'

/** What a site grants an issuer, and how it reads its tokens. */
export interface IssuerOptions {
  /** The part of the namespace to which the issuer's scopes are relative; several are alternatives. Default: `/`. */
  readonly basePath?: string | readonly string[]
  /** Within the base path, only these parts: scopes are cut down to them. Default: no restriction. */
  readonly restrictedPaths?: readonly string[]
  /** Authorizations this issuer may grant, by their names in scopes. Default: all. */
  readonly authorizations?: readonly string[]
  /** This server's names in this issuer's tokens, instead of the enforcer's `audience`. */
  readonly audience?: string | readonly string[]
  /** How subjects become local accounts. Default: not at all. */
  readonly mapping?: SubjectMapping
  /**
   * Claim that lists groups. Default: `wlcg.groups`; it counts in WLCG tokens, and in those of other profiles where this option,
   * `groups` or `mapping` says that the site uses groups.
   */
  readonly groupsClaim?: string
  /**
   * What members of a group may do where the token has no capability of its own: group to scopes, relative to the base path
   * (`{ '/cms/prod': ['read:/store', 'write:/store/prod'] }`). Capabilities win: WLCG profile 1.3 section 2.2.3. The groups of a
   * token chain count for nothing.
   */
  readonly groups?: Readonly<Record<string, readonly string[]>>
}

/** How the options of {@link IssuerOptions} are read. An empty list of `restrictedPaths` or `authorizations` grants nothing, as it says. */
export const ISSUER_READERS: OptionReaders<IssuerOptions> = {
  basePath: oneOrMore(text),
  restrictedPaths: listOf(text, { empty: true }),
  authorizations: listOf(text, { empty: true }),
  audience: oneOrMore(text),
  mapping: nested(MAPPING_READERS),
  groupsClaim: text,
  groups: recordOf(listOf(text, { empty: true })),
}
