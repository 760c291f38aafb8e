// What can be asked of a token, as it comes and as it is judged.
import {
  InvalidRequestError,
  parseRequestPath,
  type Path,
  type RequestPathOptions,
  STORAGE_OPERATIONS,
  type StorageOperation,
} from '@scitokens/core'
import { checkQuestion, quote } from '@scitokens/core/internal'

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

/** A question with its path read. */
export interface ReadQuestion {
  readonly authz: string
  readonly path: Path | undefined
}

/** A storage operation with its paths read. */
export interface ReadOperationQuestion {
  readonly operation: StorageOperation
  readonly path: Path
  readonly to: Path | undefined
}

type PathRules = Pick<RequestPathOptions, 'rejectDotSegments'>

/** Reads a question. Throws `invalid_request`. */
export function readQuestion(question: AuthorizationQuestion, rules: PathRules): ReadQuestion {
  const { authz, path: text } = question
  const path = text === undefined ? undefined : readPath(text, question, rules)
  checkQuestion({ authz, path })
  return { authz, path }
}

/** Reads a question about an operation. Throws `invalid_request`. */
export function readOperationQuestion(question: OperationQuestion, rules: PathRules): ReadOperationQuestion {
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

function readPath(text: string, how: RequestPathOptions, { rejectDotSegments = false }: PathRules): Path {
  return parseRequestPath(
    text,
    rejectDotSegments && how.rejectDotSegments === undefined ? { ...how, rejectDotSegments } : how,
  )
}
