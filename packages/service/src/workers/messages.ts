import type { CodeOf } from '@scitokens/core'
import type { Reloaded } from '../backend/backend.ts'
import type { Listening } from './listening.ts'

/** What a worker is asked, and what it answers. */
export interface Answers {
  readonly problems: readonly string[]
  readonly metrics: string
  readonly reload: Reloaded
}

/** What the process that listens says to a worker. A connection comes along with its message. */
export type ToWorker =
  | { readonly kind: 'connection'; readonly id: number; readonly isUnix: boolean }
  | { readonly kind: 'listening'; readonly listening: Listening }
  | { readonly kind: 'ask'; readonly id: number; readonly what: keyof Answers }
  | { readonly kind: 'leave' }
  | { readonly kind: 'stop'; readonly seconds: number }
  | { readonly kind: 'hurry' }

/** What a worker says. */
export type FromWorker =
  | { readonly kind: 'serving'; readonly files: readonly string[] }
  | { readonly kind: 'failed'; readonly code: 'config_error' | CodeOf<'undecided'>; readonly message: string }
  | { readonly kind: 'taken'; readonly id: number }
  | { readonly kind: 'answer'; readonly id: number; readonly value: Answers[keyof Answers] }

/** A message of another kind is of the program, or of Node. */
export function isFromWorker(message: unknown): message is FromWorker {
  return hasKind(message, ['serving', 'failed', 'taken', 'answer'])
}

/** A message of another kind is of the program, or of Node. */
export function isToWorker(message: unknown): message is ToWorker {
  return hasKind(message, ['connection', 'listening', 'ask', 'leave', 'stop', 'hurry'])
}

function hasKind(message: unknown, kinds: readonly string[]): boolean {
  return typeof message === 'object' && message !== null && 'kind' in message && kinds.includes(String(message.kind))
}
