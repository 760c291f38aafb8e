import { mkdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { dirname } from 'node:path'
import {
  type ErrorCode,
  type ErrorFamily,
  type JsonObject,
  type JsonValue,
  SciTokenError,
  UndecidedError,
} from '@scitokens/core'
import { given, quote } from '@scitokens/core/internal'
import { readLines, sendLine } from './line-protocol.ts'

/** A connection to a running token manager. Calls are answered one after the other. */
export class ManagerClient {
  readonly #socket: Socket
  readonly #lines: AsyncGenerator<JsonObject, void, void>
  /** The name under which the manager knows this user. */
  readonly user: string | undefined
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(socket: Socket, lines: AsyncGenerator<JsonObject, void, void>, user: string | undefined) {
    this.#socket = socket
    this.#lines = lines
    this.user = user
  }

  /**
   * Connects and shows who we are. Throws `undecided` when no manager answers, `peer_not_allowed` when it does not want us.
   *
   * @param path - of the socket.
   */
  static async open(path: string): Promise<ManagerClient> {
    const socket = connect(path)
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', (cause) =>
        reject(new UndecidedError('undecided', `no token manager answers at ${quote(path)}`, { cause })),
      )
    })
    socket.on('error', () => {})
    const lines = readLines(socket)
    const { challenge } = await next(lines)
    // Only where the manager's own directory is: nobody else shall have us make directories.
    if (typeof challenge !== 'string' || dirname(dirname(challenge)) !== dirname(path)) {
      socket.destroy()
      throw new UndecidedError('undecided', `what answers at ${quote(path)} is no token manager`)
    }
    const mask = process.umask(0)
    try {
      mkdirSync(challenge, { mode: 0o700 })
    } finally {
      process.umask(mask)
    }
    sendLine(socket, { done: true })
    const { user } = unwrap(await next(lines))
    return new ManagerClient(socket, lines, typeof user === 'string' ? user : undefined)
  }

  /** Calls a method. Throws what the manager threw. */
  call(method: string, parameters: object = {}): Promise<JsonObject> {
    const answer = this.#turn.then(async () => {
      sendLine(this.#socket, { id: 1, method, parameters })
      return unwrap(await next(this.#lines))['result'] as JsonObject
    })
    this.#turn = answer.catch(() => {})
    return answer
  }

  /** Ends the connection. */
  close(): void {
    this.#socket.destroy()
  }

  /** As {@link ManagerClient.close}, for `using`. */
  [Symbol.dispose](): void {
    this.close()
  }
}

async function next(lines: AsyncGenerator<JsonObject, void, void>): Promise<JsonObject> {
  try {
    const { value } = await lines.next()
    if (value) return value
  } catch (cause) {
    throw new UndecidedError('undecided', 'the connection to the token manager broke', { cause })
  }
  throw new UndecidedError('undecided', 'the token manager ended the connection')
}

/** An error as the manager tells it. */
interface RemoteError {
  readonly code: ErrorCode
  readonly family: ErrorFamily
  readonly message: string
  readonly retryAfterSeconds?: number
}

function unwrap(answer: JsonObject): Readonly<Record<string, JsonValue>> {
  if (answer['ok'] === true) return answer
  const { code, family, message, retryAfterSeconds } = answer['error'] as unknown as RemoteError
  throw new SciTokenError(family, code, message, given({ retryAfterSeconds }))
}
