import type { JsonObject, JsonValue } from '@scitokens/core'

/** The usual claims as fields of a form. */
export interface FormClaims {
  readonly sub: string
  /** Separated by spaces. */
  readonly aud: string
  readonly scope: string
  /** Separated by spaces; WLCG. */
  readonly groups: string
}

/** What the form shows of the claims. */
export function formOf(claims: JsonObject): FormClaims {
  return {
    sub: text(claims['sub']),
    aud: list(claims['aud']).join(' '),
    scope: text(claims['scope']),
    groups: list(claims['wlcg.groups']).join(' '),
  }
}

/** The claims with what the form says; an empty field takes its claim away. Others stay as they are, in their order. */
export function withForm(claims: JsonObject, { sub, aud, scope, groups }: FormClaims): JsonObject {
  const audience = words(aud)
  const members = words(groups)
  const said: Record<string, JsonValue | undefined> = {
    sub: sub.trim() || undefined,
    aud: audience.length > 1 ? audience : audience[0],
    scope: words(scope).join(' ') || undefined,
    'wlcg.groups': members.length > 0 ? members : undefined,
  }
  const merged = { ...claims, ...said }
  return Object.fromEntries(
    Object.entries(merged).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined),
  )
}

function words(value: string): string[] {
  return value.split(/\s+/).filter((word) => word !== '')
}

function text(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

function list(value: JsonValue | undefined): readonly string[] {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
