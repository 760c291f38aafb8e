// What can be asked of a token, as it comes and as it is judged.
import {
  ConfigError,
  InvalidRequestError,
  parseRequestPath,
  type Path,
  type RequestPathOptions,
  STORAGE_OPERATIONS,
  type StorageOperation,
} from '@scitokens/core'
import { checkQuestion, quote, unknownNameAdvice, wrong } from '@scitokens/core/internal'

/** What is asked of a token. */
export interface AuthorizationQuestion extends RequestPathOptions {
  /** The part of a scope before the colon: `read`, `storage.create`. */
  readonly authz: string
  /** Absolute, in the server's namespace; the path of a URL unless `pathIsDecoded`. May only be left out where authz needs none. */
  readonly path?: string
}

/** What a storage service is about to do. */
export interface OperationQuestion extends RequestPathOptions {
  /** What is to be done. */
  readonly operation: StorageOperation
  /** Absolute, in the server's namespace; the path of a URL unless `pathIsDecoded`. */
  readonly path: string
  /** The new name of a `rename`; nothing may be there yet. */
  readonly to?: string
}

/** A question whose path was read. */
export interface ReadQuestion {
  readonly authz: string
  readonly path: Path | undefined
}

/** A storage operation whose paths were read. */
export interface ReadOperationQuestion {
  readonly operation: StorageOperation
  readonly path: Path
  readonly to: Path | undefined
}

type PathRules = Pick<RequestPathOptions, 'rejectDotSegments'>

/** Members of a question that are true or false. */
const FLAGS = ['pathIsDecoded', 'isDirectory', 'rejectDotSegments'] as const
// Questions come with every request, so they are not copied as options are, but their members are known as well. `signal` is for
// whoever waits for the answer.
const QUESTION_MEMBERS: ReadonlySet<string> = new Set(['authz', 'path', 'signal', ...FLAGS])
const OPERATION_MEMBERS: ReadonlySet<string> = new Set(['operation', 'path', 'to', 'signal', ...FLAGS])

/** Reads a question. Throws `invalid_request`; `config_error` for a member that no question has, or that is of another type. */
export function readQuestion(question: AuthorizationQuestion, rules: PathRules): ReadQuestion {
  checkMembers(question, QUESTION_MEMBERS)
  const { authz, path: text } = question
  const path = text === undefined ? undefined : readPath(text, question, rules)
  checkQuestion({ authz, path })
  return { authz, path }
}

/** Reads a question about an operation. Throws as {@link readQuestion}. */
export function readOperationQuestion(question: OperationQuestion, rules: PathRules): ReadOperationQuestion {
  checkMembers(question, OPERATION_MEMBERS)
  const { operation, path, to } = question
  if (!STORAGE_OPERATIONS.includes(operation)) {
    throw new InvalidRequestError('invalid_request', `${quote(operation)} is no storage operation`, {
      expected: STORAGE_OPERATIONS,
    })
  }
  if (operation === 'rename' && to === undefined)
    throw new InvalidRequestError('invalid_request', 'a rename needs its new name')
  return {
    operation,
    path: readPath(path, question, rules),
    to: to === undefined ? undefined : readPath(to, question, rules),
  }
}

/** What is misspelt or mistyped would not be asked, and the answer would be another one. */
function checkMembers(question: RequestPathOptions, known: ReadonlySet<string>): void {
  // oxlint-disable-next-line guard-for-in -- inherited members count, as they do in options
  for (const name in question) {
    if (known.has(name)) continue
    throw new ConfigError(
      'config_error',
      `a question has no member ${quote(name)}: ${unknownNameAdvice(name, [...known])}`,
    )
  }
  const { pathIsDecoded, isDirectory, rejectDotSegments } = question
  // Most questions have none of them.
  if (pathIsDecoded === undefined && isDirectory === undefined && rejectDotSegments === undefined) return
  for (const name of FLAGS) {
    const value: unknown = question[name]
    if (value !== undefined && typeof value !== 'boolean') throw wrong(name, 'true or false', value)
  }
}

function readPath(text: string, how: RequestPathOptions, { rejectDotSegments = false }: PathRules): Path {
  return parseRequestPath(
    text,
    rejectDotSegments && how.rejectDotSegments === undefined ? { ...how, rejectDotSegments } : how,
  )
}
