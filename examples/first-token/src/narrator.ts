import { styleText } from 'node:util'
import { claimsOf, headerOf, type Outcome } from './steps.ts'
import type { Site } from './site.ts'
import { OTHER_AUDIENCE, STORAGE_AUDIENCE } from './site.ts'

/** Why, in words that need no knowledge of tokens. By code, see `docs/errors.md`. */
const IN_OTHER_WORDS: Readonly<Record<string, string>> = {
  scope_denied: 'The token is genuine, but nothing in its scope covers this place.',
  aud_mismatch: `The token is genuine, but it says "for ${OTHER_AUDIENCE}", and this is ${STORAGE_AUDIENCE}.`,
  expired: 'The token was genuine, but its time is over. A stolen one is soon worth nothing.',
  bad_signature:
    "The text of the token does not match the issuer's signature: it has been changed, or was never the issuer's.",
  no_credentials: 'Who shows no token gets nothing.',
}

/** Prints the story. Colours only on a terminal. */
export class Narrator {
  readonly #out: NodeJS.WritableStream
  #number = 0

  constructor(out: NodeJS.WritableStream = process.stdout) {
    this.#out = out
  }

  /** Says who is there. */
  introduce({ issuerUrl, storageUrl }: Site, directory: string): void {
    this.#lines(
      this.#bold('SciTokens: a token goes from the issuer to a guarded file'),
      '',
      `  issuer of the VO   ${issuerUrl}   (keys made now, ES256, kept in SQLite)`,
      `  storage server     ${storageUrl}   (Express, guarded; it knows the issuer's name and nothing else)`,
      `  all files are in   ${directory}`,
      '',
    )
  }

  /** Shows a token as everybody can read it. The signature is left out: nothing printed here can be used. */
  showToken(token: string): void {
    const minutes = Math.round(((claimsOf(token)['exp'] as number) - Date.now() / 1000) / 60)
    this.#lines(
      this.#bold("The issuer gave Ana's job a token (OAuth 2.0 client credentials). Decoded:"),
      '',
      ...indent(`header   ${JSON.stringify(headerOf(token))}`),
      ...indent(`claims   ${JSON.stringify(claimsOf(token), undefined, 2)}`),
      '',
      `  It comes from "iss", counts at "aud", ends in ${minutes} minutes ("exp") and allows what "scope" says: nothing else.`,
      '',
    )
  }

  /** Tells one step. */
  tell({ step, status, allowed, code, reason, text, right }: Outcome): void {
    this.#number += 1
    const mark = allowed ? this.#paint('green', 'allowed') : this.#paint('yellow', 'refused')
    this.#lines(
      this.#bold(`${this.#number}. ${step.title}`),
      `   ${step.method} ${step.path}`,
      `   ${mark} (HTTP ${status}${code === undefined ? '' : `, ${code}`})`,
      `   why: ${allowed ? `The token says ${reason}, and that covers this place.` : (IN_OTHER_WORDS[code ?? ''] ?? reason)}`,
    )
    if (!allowed) this.#lines(`   the server's log: ${reason}`)
    if (allowed && step.method === 'GET') this.#lines(`   content: ${text.trimEnd()}`)
    if (!right) {
      const { expected } = step
      const should = expected.allowed ? 'allowed' : `refused (${expected.code})`
      this.#lines(this.#paint('red', `   WRONG: this should have been ${should}`))
    }
    this.#lines('')
  }

  /** The balance. */
  conclude(total: number, wrong: number): void {
    const line = `${total - wrong} of ${total} decisions were right.`
    this.#lines(
      wrong === 0 ? this.#paint('green', line) : this.#paint('red', line),
      "The storage server decided alone, with the issuer's public keys from its cache: no request of a job reaches the issuer.",
      '',
    )
  }

  /** Any other lines. */
  say(...lines: string[]): void {
    this.#lines(...lines)
  }

  #lines(...lines: string[]): void {
    this.#out.write(`${lines.join('\n')}\n`)
  }

  #bold(text: string): string {
    return this.#paint('bold', text)
  }

  #paint(style: 'bold' | 'green' | 'yellow' | 'red', text: string): string {
    // styleText looks at the stream by itself: no colours in a file or pipe, or with NO_COLOR.
    return styleText(style, text, { stream: this.#out })
  }
}

function indent(text: string): string[] {
  return text.split('\n').map((line) => `  ${line}`)
}
