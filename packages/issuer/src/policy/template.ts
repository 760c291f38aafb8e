import { ConfigError, encodeScopePath, parseScope, type Path, SciTokenError, type Scope } from '@scitokens/core'
import { quote } from '@scitokens/core/internal'
import type { Principal } from './principal.ts'

/** A scope of the configuration, such as `write:/store/user/{sub}`. */
export interface ScopeTemplate {
  readonly text: string
  /** Set where the template has no placeholders. */
  readonly fixed: Scope | undefined
  /** Names between braces, in order. */
  readonly placeholders: readonly string[]
}

const PLACEHOLDER = /\{([^{}]*)\}/g
const NAME = /^(?:sub|client_id|claim\.[A-Za-z0-9_.:-]+)$/

/**
 * Reads a template. Placeholders stand in the path only: `{sub}`, `{client_id}`, `{claim.NAME}` (a claim of the upstream).
 * Throws `config_error`.
 */
export function parseTemplate(text: string): ScopeTemplate {
  const placeholders = [...text.matchAll(PLACEHOLDER)].map((match) => match[1]!)
  const refuse = (why: string): ConfigError => new ConfigError('config_error', `the scope ${quote(text)} ${why}`)
  if (/[{}]/.test(text.replaceAll(PLACEHOLDER, ''))) throw refuse('has a brace without its partner')
  const unknown = placeholders.find((name) => !NAME.test(name))
  if (unknown !== undefined) throw refuse(`has the unknown placeholder {${unknown}}`)
  const colon = text.indexOf(':')
  if (placeholders.length > 0 && (colon === -1 || text.indexOf('{') < colon)) {
    throw refuse('has a placeholder outside its path')
  }
  let scope: Scope
  try {
    scope = parseScope(text.replaceAll(PLACEHOLDER, 'x'))
  } catch (cause) {
    throw new ConfigError(
      'config_error',
      cause instanceof SciTokenError ? cause.message : `the scope ${quote(text)} is malformed`,
      {
        cause,
      },
    )
  }
  if (!isPlainForEveryVerifier(scope)) throw refuse('has a path that some verifiers misread')
  return { text, placeholders, fixed: placeholders.length === 0 ? scope : undefined }
}

/** Why a template gave no scope, or the scope. */
export type Expansion = { readonly scope: Scope } | { readonly skipped: string }

/**
 * Fills in a template. A value is one path component or nothing: empty values, `.`, `..`, and values with a separator,
 * percent sign, white space or control character grant nothing.
 */
export function expandTemplate(template: ScopeTemplate, principal: Principal, clientId: string): Expansion {
  if (template.fixed) return { scope: template.fixed }
  let missing: string | undefined
  const text = template.text.replaceAll(PLACEHOLDER, (_, name: string) => {
    const value = valueOf(name, principal, clientId)
    if (value !== undefined && isComponent(value)) return value
    missing =
      value === undefined ? `{${name}} has no value here` : `the value of {${name}} is not a plain path component`
    return 'x'
  })
  return missing === undefined ? { scope: parseScope(text) } : { skipped: missing }
}

function valueOf(name: string, principal: Principal, clientId: string): string | undefined {
  if (name === 'sub') return principal.subject
  if (name === 'client_id') return clientId
  const claim = name.slice('claim.'.length)
  const value = Object.hasOwn(principal.claims, claim) ? principal.claims[claim] : undefined
  return typeof value === 'string' ? value : undefined
}

// RFC 3986 unreserved characters, and the sub-delimiters that no verifier and no shell treats specially.
const COMPONENT = /^[A-Za-z0-9_~.+=,@-]{1,255}$/

function isComponent(value: string): boolean {
  return COMPONENT.test(value) && !/^\.{1,2}$/.test(value)
}

/**
 * Whether every verifier in the field reads this path as we mean it. Some decode percent escapes and some do not, so a path
 * that needs one names different things to different servers; wildcards and NUL bytes are read by some as more than themselves.
 */
export function isPlainForEveryVerifier({ path, hasPath }: Scope): boolean {
  return !hasPath || isPlainPath(path)
}

function isPlainPath(path: Path): boolean {
  return encodeScopePath(path) === path && !/[*?]/.test(path) && !path.split('/').some((part) => /^\.{1,2}$/.test(part))
}
