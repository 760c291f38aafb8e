import { callable, listOf, nested, type OptionReaders, readOptions, text, whole } from '@scitokens/core/internal'
import { TLS_READERS } from '../tls/tls-files.ts'
import type { Change, Serving } from './serving.ts'

const SERVING: OptionReaders<Serving> = {
  ready: callable<NonNullable<Serving['ready']>>(),
  metrics: callable<NonNullable<Serving['metrics']>>(),
  reload: callable<NonNullable<Serving['reload']>>(),
  drain: callable<NonNullable<Serving['drain']>>(),
  close: callable<NonNullable<Serving['close']>>(),
  maxConnections: whole(1, Number.MAX_SAFE_INTEGER, 'connections'),
}

const CHANGE: OptionReaders<Change> = {
  tls: nested(TLS_READERS),
  watch: listOf(text, { empty: true }),
  needsRestart: listOf(text, { empty: true }),
  takeOver: callable<NonNullable<Change['takeOver']>>(),
}

/** What a program says of its server, as it is: a misspelt `close` would close nothing. Throws `config_error`. */
export function checkServing(serving: Serving): void {
  readOptions<Serving>(serving, SERVING, 'serving')
}

/** What a program read anew, as it is: a misspelt `takeOver` would take over nothing. Throws `config_error`. */
export function checkChange(change: Change): void {
  readOptions<Change>(change, CHANGE, 'change')
}
