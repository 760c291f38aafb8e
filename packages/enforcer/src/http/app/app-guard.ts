import { ConfigError, type KeySource } from '@scitokens/core'
import { given } from '@scitokens/core/internal'
import { Enforcer } from '../../enforcement/enforcer.ts'
import type { EnforcerOptions } from '../../enforcement/enforcer-options.ts'
import { type AppGuardOptions, readAppGuardOptions } from './app-guard-options.ts'
import { createGuard } from '../guard/create-guard.ts'
import type { Guard } from '../guard/guard.ts'
import { type ResourceMetadata, resourceMetadata } from '../answer/resource-metadata.ts'

/** A guard and what it serves. */
export interface AppGuard {
  /** Judges the requests of the app. */
  readonly guard: Guard
  /** Undefined where no `resource` was named. */
  readonly metadata: ResourceMetadata | undefined
}

/** What whoever makes a key source has to know of an app's options. */
export type KeySourceNeeds = Pick<AppGuardOptions, 'clock' | 'dangerouslyAllowLoopbackHttp'> & {
  readonly issuers: readonly string[]
}

/**
 * Puts an app's guard together.
 *
 * @param findKeys - makes the key source where the options name none: the skins give a `KeyCache`.
 *
 * Throws `config_error`.
 */
export function createAppGuard(options: AppGuardOptions, findKeys: (needs: KeySourceNeeds) => KeySource): AppGuard {
  const { resource, scopesSupported, enforcer: own, ...rest } = readAppGuardOptions(options)
  const { required, realm, methods, queryParameter, maxLength, ...judging } = rest
  const issuers = issuerNames(rest.issuers)
  const metadata =
    resource === undefined
      ? undefined
      : resourceMetadata({
          resource,
          authorizationServers: issuers,
          ...(scopesSupported && { scopesSupported }),
        })
  const enforcer = own ?? createEnforcer(judging, () => findKeys(keySourceNeeds(issuers, judging)))
  const asking = { required, realm, methods, queryParameter, maxLength, resourceMetadata: metadata?.url }
  return { guard: createGuard({ ...withoutUndefined(asking), enforcer }), metadata }
}

function createEnforcer({ issuers, ...options }: Partial<EnforcerOptions>, findKeys: () => KeySource): Enforcer {
  if (issuers === undefined) throw new ConfigError('config_error', 'issuers: say whose tokens are accepted')
  return new Enforcer({ ...options, issuers, keys: options.keys ?? findKeys() })
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

function withoutUndefined<T extends object>(options: T): Given<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Given<T>
}

function keySourceNeeds(
  issuers: readonly string[],
  { clock, dangerouslyAllowLoopbackHttp }: AppGuardOptions,
): KeySourceNeeds {
  return {
    issuers,
    ...(clock && { clock }),
    ...given({ dangerouslyAllowLoopbackHttp }),
  }
}

function issuerNames(issuers: EnforcerOptions['issuers'] = []): readonly string[] {
  if (typeof issuers === 'string') return [issuers]
  return Array.isArray(issuers) ? (issuers as readonly string[]) : Object.keys(issuers)
}
