// What a profile says stands here, and nowhere else: whoever adds one adds its name and its rules, and the compiler names the rules that are missing.

/** The name of a profile: a set of rules that a token may follow. */
export type ProfileName = 'scitoken:1.0' | 'scitoken:2.0' | 'wlcg:1.x' | 'at+jwt'

/** Authorizations by name. */
type Names = Readonly<Record<string, readonly string[]>>

/** How a token names its profile and the profile's version. */
export interface ProfileVersion {
  /** The claim that names it. */
  readonly claim: 'ver' | 'wlcg.ver'
  /** Whether this value of the claim means the profile. */
  readonly isRead: (value: string) => boolean
  /** What is written into tokens that are signed here; undefined where the claim is left out. */
  readonly written: string | undefined
}

/** What a profile demands, and what its words mean. */
export interface ProfileRules {
  /** The profile whose rules these are. */
  readonly name: ProfileName
  /** The `typ` of the header of tokens that are signed here. */
  readonly typ: 'JWT' | 'at+jwt'
  /** How a token says that it follows the profile; undefined where the `typ` says it. */
  readonly version: ProfileVersion | undefined
  /** Whether a token of this `typ` that names no version follows the profile. */
  readonly needsNoVersion: boolean
  /** Claims without which nothing can be decided. `scope` is judged by the enforcer. */
  readonly required: readonly string[]
  /** Claims that the profile's document requires; a strict verifier asks for them. */
  readonly requiredWhenStrict: readonly string[]
  /** Claims that whoever signs has to give. */
  readonly requiredToSign: readonly string[]
  /** Claims that may stand in the token; undefined where unknown ones are ignored. */
  readonly knownClaims: readonly string[] | undefined
  /** What a strict verifier demands of `sub`, beside being text; undefined for nothing. */
  readonly strictSubject: RegExp | undefined
  /** The `aud` that every server accepts. */
  readonly everyoneAudience: string | undefined
  /** The `aud` that a server accepts only where its operator chose so. */
  readonly everyoneAudienceByChoice: string | undefined
  /** Whether the header must name its key. */
  readonly kidRequired: boolean
  /** Whether groups may stand in for a missing `scope`. */
  readonly scopeOptional: boolean
  /** Whether `wlcg.groups` says of which groups the bearer is a member; otherwise a site has to choose that. */
  readonly hasGroups: boolean
  /** Whether a token of the profile can be the base of a chain. */
  readonly isDerivable: boolean
  /** Names that an authorization answers to, for those that answer to others than their own alone. */
  readonly grants: Names
  /** Names that scitokens-cpp adds to these; for sites that ask for its translation. */
  readonly grantsInCpp: Names
  /** The levels of HTCondor, each with the authorizations that grant it together; for sites that ask for scitokens-cpp's translation. */
  readonly condorLevels: Names
}

/** The audience of 2.0 tokens that every server accepts. Claims document, `aud`. */
export const ANY_AUDIENCE = 'ANY'
/** The audience of WLCG tokens that every server accepts. WLCG profile 1.3, `aud`. */
export const WLCG_ANY_AUDIENCE = 'https://wlcg.cern.ch/jwt/v1/any'

const NONE: Names = {}

// A newer minor version must be accepted, another major refused. WLCG profile 1.3, `wlcg.ver`.
const WLCG_VERSION = /^1\.[0-9]{1,9}$/

/** Whether a `wlcg.ver` is one of the major version that is understood here. */
export function isWlcgVersion(version: string): boolean {
  return WLCG_VERSION.test(version)
}

const RULES: Readonly<Record<ProfileName, ProfileRules>> = {
  'scitoken:1.0': {
    name: 'scitoken:1.0',
    typ: 'JWT',
    // Both spellings are in the field. Verifiers of 1.0 know the claim not at all, and some refuse what they do not know.
    version: { claim: 'ver', isRead: oneOf('scitoken:1.0', 'scitokens:1.0'), written: undefined },
    needsNoVersion: true,
    required: ['iss', 'exp'],
    requiredWhenStrict: ['iss', 'exp', 'nbf', 'scope'],
    requiredToSign: ['iss'],
    // 1.0 refuses a token with a claim nobody judges: these the library itself judges or knows to be harmless.
    knownClaims: ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'scope', 'scp', 'ver', 'opt'],
    strictSubject: undefined,
    everyoneAudience: undefined,
    everyoneAudienceByChoice: ANY_AUDIENCE,
    kidRequired: false,
    scopeOptional: false,
    hasGroups: false,
    isDerivable: false,
    grants: NONE,
    grantsInCpp: NONE,
    condorLevels: NONE,
  },
  'scitoken:2.0': {
    name: 'scitoken:2.0',
    typ: 'JWT',
    version: { claim: 'ver', isRead: oneOf('scitoken:2.0', 'scitokens:2.0'), written: 'scitoken:2.0' },
    needsNoVersion: false,
    required: ['iss', 'exp', 'iat', 'aud'],
    requiredWhenStrict: ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'scope', 'ver'],
    requiredToSign: ['iss', 'aud'],
    knownClaims: undefined,
    strictSubject: undefined,
    everyoneAudience: ANY_AUDIENCE,
    everyoneAudienceByChoice: undefined,
    kidRequired: false,
    scopeOptional: false,
    hasGroups: false,
    isDerivable: true,
    grants: NONE,
    grantsInCpp: NONE,
    condorLevels: NONE,
  },
  'wlcg:1.x': {
    name: 'wlcg:1.x',
    typ: 'JWT',
    // 1.0 is the only one that verifiers in the field accept.
    version: { claim: 'wlcg.ver', isRead: isWlcgVersion, written: '1.0' },
    needsNoVersion: false,
    required: ['iss', 'exp', 'iat', 'aud'],
    requiredWhenStrict: ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'wlcg.ver'],
    requiredToSign: ['iss', 'sub', 'aud'],
    knownClaims: undefined,
    // WLCG profile 1.3, `sub`: at most 255 ASCII characters.
    // oxlint-disable-next-line no-control-regex -- ASCII is what is looked for
    strictSubject: /^[\x00-\x7f]{1,255}$/,
    everyoneAudience: WLCG_ANY_AUDIENCE,
    everyoneAudienceByChoice: undefined,
    // WLCG profile 1.3 section 4.2.
    kidRequired: true,
    scopeOptional: true,
    hasGroups: true,
    isDerivable: false,
    // A capability's own name, what it includes (WLCG profile 1.3 section 2.2.1), and the SciTokens words for the same. `storage.create` is
    // never `write`: it must not overwrite. `storage.stage` is never `read`.
    grants: {
      'storage.read': ['storage.read', 'read'],
      'storage.create': ['storage.create', 'create'],
      'storage.modify': ['storage.modify', 'modify', 'storage.create', 'create', 'write'],
      'storage.stage': ['storage.stage', 'stage', 'storage.poll', 'poll'],
      'storage.poll': ['storage.poll', 'poll'],
    },
    grantsInCpp: { 'storage.create': ['write'] },
    condorLevels: { '/READ': ['compute.read'], '/WRITE': ['compute.create', 'compute.modify', 'compute.cancel'] },
  },
  'at+jwt': {
    name: 'at+jwt',
    typ: 'at+jwt',
    version: undefined,
    needsNoVersion: true,
    required: ['iss', 'exp', 'iat', 'aud'],
    // RFC 9068 section 2.2.
    requiredWhenStrict: ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'client_id'],
    requiredToSign: ['iss', 'aud'],
    knownClaims: undefined,
    strictSubject: undefined,
    everyoneAudience: undefined,
    everyoneAudienceByChoice: undefined,
    kidRequired: false,
    scopeOptional: false,
    hasGroups: false,
    isDerivable: false,
    grants: NONE,
    grantsInCpp: NONE,
    condorLevels: NONE,
  },
}

function oneOf(...spellings: readonly string[]): (value: string) => boolean {
  return (value) => spellings.includes(value)
}

/** Every profile, in the order of their age. `compat` stands for all of them. */
export const PROFILES: readonly ProfileName[] = Object.keys(RULES) as ProfileName[]

/** The profile of a token that is made here where nobody says otherwise. */
export const DEFAULT_PROFILE = 'scitoken:2.0'

/** The profile whose rules the links of chains follow, apart from `ver`. `docs/chains.md`. */
export const CHAIN_PROFILE = 'scitoken:2.0'

/** The rules of a profile. */
export function profileRules(profile: ProfileName): ProfileRules {
  return RULES[profile]
}
