import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '@scitokens/core'
import { afterAll, onTestFinished } from 'vitest'
import { openDemo } from '../src/index.ts'
import type { DemoOptions } from '../src/demo-options.ts'

/** The URL that the demonstration of a test believes to have. */
export const DEMO = 'https://demo.example'

/** A demonstration that answers on a port of its own. */
export interface DemoServer {
  readonly address: string
  get(path: string, headers?: Record<string, string>): Promise<Response>
  /** Sends JSON as text, without a Content-Type unless one is given. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>
  /** Sends a form. */
  form(path: string, fields: Record<string, string>): Promise<Response>
}

// RSA keys take their time: all demonstrations of a test file have the same.
const folder = mkdtempSync(join(tmpdir(), 'scitokens-demo-'))
const keys = { file: join(folder, 'keys.json') }
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Starts a demonstration that ends with the test. */
export async function startDemo(options: Partial<DemoOptions> = {}): Promise<DemoServer> {
  const demo = await openDemo({ issuer: DEMO, keys, ...options })
  onTestFinished(() => demo.close())
  const address = await demo.listen()
  return {
    address,
    get: (path, headers = {}) => fetch(address + path, { headers, redirect: 'manual' }),
    post: (path, body, headers = {}) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      // As bytes: fetch would give text a Content-Type.
      return fetch(address + path, {
        method: 'POST',
        body: new TextEncoder().encode(text),
        headers,
        redirect: 'manual',
      })
    },
    form: (path, fields) =>
      fetch(address + path, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' }),
  }
}

/** What a token says. */
export function claimsOf(token: string): JsonObject {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as JsonObject
}

/** What the header of a token says. */
export function headerOf(token: string): JsonObject {
  return JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as JsonObject
}
