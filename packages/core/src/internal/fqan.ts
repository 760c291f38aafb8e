/** A group of a VO and a role in it, as VOMS says them: `/cms/uscms/Role=production`. */
export interface Fqan {
  /** `/cms/uscms`; empty in rules and front ends that name a role alone. */
  readonly group: string
  /** `production`; undefined where no role was named. */
  readonly role: string | undefined
}

const MAX_LENGTH = 1024
const COMPONENT = /^(?!\.{1,2}$)[A-Za-z0-9._-]+$/

/** Reads an FQAN; `Role=NULL` is none, and Capability has been without a meaning for long. Undefined: it is none. */
export function parseFqan(text: string): Fqan | undefined {
  if (text.length > MAX_LENGTH || !text.startsWith('/')) return undefined
  const parts = text.slice(1).split('/')
  if (parts.at(-1) === '') parts.pop()
  if (parts.at(-1)?.startsWith('Capability=')) parts.pop()
  const role = parts.at(-1)?.startsWith('Role=') ? parts.pop()!.slice('Role='.length) : undefined
  if (!parts.every((part) => COMPONENT.test(part))) return undefined
  if (role !== undefined && role !== '' && !COMPONENT.test(role)) return undefined
  const group = parts.map((part) => `/${part}`).join('')
  if (group === '' && role === undefined) return undefined
  return { group, role: role === '' || role === 'NULL' ? undefined : role }
}

/** As VOMS writes it, for logs and people. */
export function formatFqan({ group, role }: Fqan): string {
  return role === undefined ? group : `${group}/Role=${role}`
}
