/** Where an issuer process can be told to die. */
export type Phase = (typeof PHASES)[number] | 'amid key rotation'

/** The phases of a token request, in order. */
export const PHASES = [
  'before persist',
  'amid persist',
  'after persist',
  'before sign',
  'after sign',
  'before audit',
  'after audit',
  'before reply',
  'after reply',
] as const

/** The first message to an issuer process. */
export interface Begin {
  readonly port: number
  /** Its URL in tokens. Default: where it listens. */
  readonly issuer?: string
  readonly storage: { readonly file: string } | { readonly postgres: string }
  /** base64url. */
  readonly masterKey: string
  /** Path of the audit file. */
  readonly audit: string
  /** How long to wait for an answer of the database. Default: 60 000, longer than any test waits. */
  readonly answerTimeoutMs?: number
  /** How long a key signs. Default: as always. */
  readonly signingSeconds?: number
}

/** Any further message. */
export type Order =
  /** Die in this phase, when so many requests have come so far; those before the last wait there. */
  | { readonly phase: Phase; readonly hits: number }
  /** Move the clock, in seconds. */
  | { readonly advance: number }
