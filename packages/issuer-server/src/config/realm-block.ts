import { z } from 'zod'
import type { RealmOptions } from '@scitokens/issuer'
import { clientBlock, type ConfiguredClient } from './client-block.ts'
import { type LoginConfig, loginBlock } from './login-block.ts'
import { policyBlock } from './policy-block.ts'
import { type ConfiguredRegistration, registrationBlock } from './registration-block.ts'
import { algorithm, count, list, profile, refresh, seconds, text } from './values.ts'
import { type ConfiguredX509, x509Block } from './x509-block.ts'

/** One issuer as written. */
export interface ConfiguredRealm
  extends Omit<RealmOptions, 'clients' | 'keyProvider' | 'login' | 'registration' | 'x509'> {
  /** Clients that the file has; others may lie in the database. */
  readonly clients?: readonly ConfiguredClient[]
  /** How people log in. Default: nobody can; then there is no authorization and no device endpoint. */
  readonly login?: LoginConfig
  /** Clients may register themselves. Default: they may not. */
  readonly registration?: ConfiguredRegistration
  /** Tokens for certificates of the grid. Default: none. */
  readonly x509?: ConfiguredX509
}

/** The keys of a {@link ConfiguredRealm} beside `issuer`; a block of its own where it is more than a value. */
export const realmKeys: z.ZodRawShape = {
  clients: z.array(clientBlock).optional(),
  policy: policyBlock.optional(),
  profile: profile.optional(),
  wlcgVersion: text.optional(),
  algorithms: z.array(algorithm).min(1).optional(),
  lifetime: seconds.optional(),
  maxLifetime: seconds.optional(),
  backdate: z.int().nonnegative().optional(),
  refresh: refresh.optional(),
  codeSeconds: seconds.optional(),
  deviceCodeSeconds: seconds.optional(),
  deviceIntervalSeconds: seconds.optional(),
  idTokenSeconds: seconds.optional(),
  sessionSeconds: seconds.optional(),
  loginSeconds: seconds.optional(),
  pageSeconds: seconds.optional(),
  wrongCodes: count.optional(),
  wrongCodeSeconds: seconds.optional(),
  login: loginBlock.optional(),
  registration: registrationBlock.optional(),
  x509: x509Block.optional(),
  keys: z
    .strictObject({
      publishAheadSeconds: seconds.optional(),
      signingSeconds: seconds.optional(),
      retainSeconds: seconds.optional(),
    })
    .optional(),
  metadataMaxAgeSeconds: seconds.optional(),
  jwksMaxAgeSeconds: seconds.optional(),
  scopesSupported: list.optional(),
  openapi: z.boolean().optional(),
}
