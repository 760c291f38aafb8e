import { isDeepStrictEqual } from 'node:util'
import { ConfigError, UndecidedError } from '@scitokens/core'
import { type CaseRequest, type CaseVerifierOptions, OUTCOMES, type Outcome } from '../format.ts'
import type { Answer, CannotAnswer, Ended, Implementation, SignQuestion, Verifier } from '../implementation.ts'
import { LineProcess, type ProgramStart } from './line-process.ts'

/** The word by which both sides of the peer protocol know each other. */
export const PEER_PROTOCOL = 'scitokens-conformance-peer/1'

/** What a peer says about itself. */
export interface PeerHello {
  /** Must be {@link PEER_PROTOCOL}. */
  readonly protocol: string
  /** Its name and version. */
  readonly name: string
  /** Whether its clock can be set. Default: `real`, it cannot. */
  readonly clock?: 'settable' | 'real'
  /** Whether it tells the three kinds of "no" apart. Default: false. */
  readonly tellsRefusalsApart?: boolean
  /** Questions it can be asked. Default: all but `sign`. */
  readonly operations?: readonly string[]
  /** Options it has: `true`, or the list of values it can do. Default: every option. */
  readonly options?: Readonly<Record<string, true | readonly unknown[]>>
}

/** What an option means when it is absent: a peer without the option can still be asked. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  strict: false,
  requireKid: false,
  acceptPaddedKeys: false,
  acceptScp: false,
  acceptUriScopes: false,
  acceptAnyInV1: false,
  basePath: '/',
  rejectDotSegments: false,
  scitokensCppCompat: false,
  chains: false,
}

/**
 * An implementation behind a program that speaks the peer protocol (README of this package): one JSON object per line on
 * standard input, one per line on standard output.
 *
 * Throws `config_error` when the program does not, and `undecided` when it cannot be started.
 */
export async function openCommandPeer(start: ProgramStart): Promise<Implementation> {
  const program = new LineProcess(start)
  const ask: Ask = async (question) => {
    const line = await program.ask(JSON.stringify(question))
    if (typeof line !== 'string') return line
    try {
      const answer: unknown = JSON.parse(line)
      if (typeof answer === 'object' && answer !== null) return answer as Record<string, unknown>
    } catch {
      // told below, with what came instead
    }
    throw new UndecidedError('undecided', `the peer answered with something that is no JSON object`)
  }
  try {
    const answer = await ask({ hello: PEER_PROTOCOL })
    if (isEnded(answer)) throw new UndecidedError('undecided', `the peer ended: ${answer.ended}`)
    const hello = readHello(answer)
    return new CommandPeer(hello, program, ask)
  } catch (error) {
    await program.close()
    throw error
  }
}

function readHello(hello: Readonly<Record<string, unknown>>): PeerHello {
  if (hello['protocol'] !== PEER_PROTOCOL || typeof hello['name'] !== 'string') {
    throw new ConfigError('config_error', `the peer does not speak ${PEER_PROTOCOL}`)
  }
  return hello as unknown as PeerHello
}

type Ask = (question: object) => Promise<Readonly<Record<string, unknown>> | Ended>

/** Whether it is ours: what a peer says is an object that JSON makes, without this class of values. */
function isEnded(answer: Readonly<Record<string, unknown>> | Ended): answer is Ended {
  return 'ended' in answer
}

class CommandPeer implements Implementation {
  readonly name: string
  readonly clock: 'settable' | 'real'
  readonly tellsRefusalsApart: boolean
  readonly sign?: (question: SignQuestion) => Promise<Answer | CannotAnswer | Ended>
  readonly #hello: PeerHello
  readonly #program: LineProcess
  readonly #ask: Ask
  #verifiers = 0

  constructor(hello: PeerHello, program: LineProcess, ask: Ask) {
    this.#hello = hello
    this.#program = program
    this.#ask = ask
    this.name = hello.name
    this.clock = hello.clock ?? 'real'
    this.tellsRefusalsApart = hello.tellsRefusalsApart ?? false
    if (hello.operations?.includes('sign')) {
      this.sign = async ({ now, ...question }) => readAnswer(await ask({ now, request: { op: 'sign', ...question } }))
    }
  }

  lacks(options: CaseVerifierOptions, requests: readonly CaseRequest[]): string | undefined {
    return lacks(this.#hello, options, requests)
  }

  createVerifier(options: CaseVerifierOptions): Verifier {
    const verifier = ++this.#verifiers
    return {
      ask: async ({ token, request, now, published }) =>
        readAnswer(await this.#ask({ verifier, enforcer: options, published, now, token, request })),
    }
  }

  close(): Promise<void> {
    return this.#program.close()
  }
}

/** What a peer lacks for a case, by what it said of itself. */
export function lacks(
  { operations, options: has }: Pick<PeerHello, 'operations' | 'options'>,
  options: CaseVerifierOptions,
  requests: readonly CaseRequest[],
): string | undefined {
  const op = requests.find((request) => operations && !operations.includes(request.op))?.op
  if (op !== undefined) return `it cannot be asked ${op}`
  for (const [name, value] of Object.entries(options)) {
    if (!has || has[name] === true) continue
    if (Object.hasOwn(DEFAULTS, name) && DEFAULTS[name] === value) continue
    const values = has[name]
    if (values === undefined) return `it has no option ${name}`
    if (!values.some((possible) => isDeepStrictEqual(possible, value))) {
      return `it cannot do ${name} ${JSON.stringify(value)}`
    }
  }
  return undefined
}

function readAnswer(answer: Readonly<Record<string, unknown>> | Ended): Answer | CannotAnswer | Ended {
  if (isEnded(answer)) return answer
  if (typeof answer['cannot'] === 'string') return { cannot: answer['cannot'] }
  if (typeof answer['stray'] === 'string') throw new UndecidedError('undecided', answer['stray'])
  if (OUTCOMES.includes(answer['outcome'] as Outcome)) return answer as unknown as Answer
  throw new UndecidedError('undecided', 'the peer answered without an outcome')
}
