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

const ROUNDS = 20

/** Measures libscitokens with the same tokens and keys; undefined where it or a compiler is missing. */
export function measureLibscitokens({ issuer, audience, jwks, tokens }: LibscitokensQuestion): Measurement | undefined {
  if (!existsSync('/usr/include/scitokens/scitokens.h')) return undefined
  const directory = mkdtempSync(join(tmpdir(), 'scitokens-bench-'))
  try {
    const program = compile(directory)
    fillKeyCache(directory, issuer, jwks)
    const output = execFileSync(program, {
      input: [issuer, audience, '', ...tokens, '', ...Array.from({ length: ROUNDS }, () => 1)].join('\n'),
      env: { XDG_CACHE_HOME: directory },
      encoding: 'utf8',
    })
    const [, ...rounds] = output.trim().split('\n')
    const times = rounds.map((line) => Number(line.split(' ')[0]))
    return summarise('libscitokens (C++), deserialize + test', times)
  } catch (error) {
    console.error('libscitokens is left out:', error instanceof Error ? error.message : error)
    return undefined
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Compiles `libscitokens.cpp` into a directory and returns the program. */
function compile(directory: string): string {
  const program = join(directory, 'libscitokens')
  execFileSync('g++', ['-O2', '-o', program, join(import.meta.dirname, 'libscitokens.cpp'), '-lSciTokens'])
  return program
}

/**
 * Lets libscitokens find an issuer's keys in its own cache file, so that nothing is fetched.
 *
 * @param home - what it is told in `XDG_CACHE_HOME`.
 */
function fillKeyCache(home: string, issuer: string, jwks: Jwks): void {
  mkdirSync(join(home, 'scitokens'), { recursive: true })
  const database = new DatabaseSync(join(home, 'scitokens', 'scitokens_cpp.sqllite'))
  database.exec('CREATE TABLE keycache (issuer text UNIQUE PRIMARY KEY NOT NULL, keys text NOT NULL)')
  const later = Math.floor(Date.now() / 1000) + 3600
  const keys = JSON.stringify({ jwks, expires: later, next_update: later })
  database.prepare('INSERT INTO keycache VALUES (?, ?)').run(issuer, keys)
  database.close()
}
