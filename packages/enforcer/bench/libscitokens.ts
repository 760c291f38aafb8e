import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Jwks } from '@scitokens/core'
import { type Measurement, summarise } from './measure.ts'

/** What {@link measureLibscitokens} is given. */
export interface LibscitokensQuestion {
  readonly issuer: string
  readonly audience: string
  readonly jwks: Jwks
  readonly tokens: readonly string[]
}

/** Measures libscitokens with the same tokens and keys; undefined where it or a compiler is missing. */
export function measureLibscitokens({ issuer, audience, jwks, tokens }: LibscitokensQuestion): Measurement | undefined {
  if (!existsSync('/usr/include/scitokens/scitokens.h')) return undefined
  const directory = mkdtempSync(join(tmpdir(), 'scitokens-bench-'))
  try {
    const program = join(directory, 'libscitokens')
    execFileSync('g++', ['-O2', '-o', program, join(import.meta.dirname, 'libscitokens.cc'), '-lSciTokens'])
    fillKeyCache(join(directory, 'scitokens'), issuer, jwks)
    const output = execFileSync(program, {
      input: [issuer, audience, 20, ...tokens].join('\n'),
      env: { XDG_CACHE_HOME: directory },
      encoding: 'utf8',
    })
    const times = output
      .trim()
      .split('\n')
      .map((line) => Number(line) / 1000)
    return summarise('libscitokens (C++), deserialize + test', times)
  } catch (error) {
    console.error('libscitokens is left out:', error instanceof Error ? error.message : error)
    return undefined
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** The library finds keys in its own cache file, so that nothing is fetched. */
function fillKeyCache(directory: string, issuer: string, jwks: Jwks): void {
  mkdirSync(directory)
  const database = new DatabaseSync(join(directory, 'scitokens_cpp.sqllite'))
  database.exec('CREATE TABLE keycache (issuer text UNIQUE PRIMARY KEY NOT NULL, keys text NOT NULL)')
  const later = Math.floor(Date.now() / 1000) + 3600
  const keys = JSON.stringify({ jwks, expires: later, next_update: later })
  database.prepare('INSERT INTO keycache VALUES (?, ?)').run(issuer, keys)
  database.close()
}
