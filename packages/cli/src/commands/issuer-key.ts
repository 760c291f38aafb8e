import { type Algorithm, InvalidRequestError } from '@scitokens/core'
import { isAlgorithm } from '@scitokens/core/internal'
import type { Command } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { type Realm, type RealmOptions, withRealm, withRealmOptions } from '../issuer-realm.ts'
import { alignColumns } from '../table.ts'

interface KeyOptions extends RealmOptions {
  readonly alg?: string
}

/** Adds `scitokens issuer key …`. */
export function addIssuerKey(group: Command, registry: Registry): void {
  const key = group
    .command('key')
    .description('Lists and changes the signing keys of an issuer; a running one follows within seconds.')
  const add = (
    name: string,
    what: string,
    work: (realm: Realm, algorithms: readonly Algorithm[]) => Promise<void>,
  ): void => {
    const command = withRealmOptions(key.command(name).description(what)).option(
      '--alg <algorithm>',
      'only keys of this algorithm (default: all)',
    )
    withExamples(command, [
      [what.toLowerCase().replace(/\.$/, ''), `scitokens issuer key ${name} --config /etc/scitokens/issuer.yaml`],
    ])
    onAction(command, registry, (invocation: Invocation<KeyOptions>) => onKeys(invocation, work))
  }
  add('list', 'Lists the keys.', async () => {})
  add(
    'prepare',
    'Publishes the next key now; it signs once every verifier can have it.',
    async ({ keys }, algorithms) => {
      for (const alg of algorithms) await keys.prepareNext(alg)
    },
  )
  add(
    'rollback',
    'Lets the key before the present one sign again; what the present one signed stays valid.',
    async ({ keys }, algorithms) => {
      for (const alg of algorithms) await keys.rollback(alg)
    },
  )
  add(
    'rotate-now',
    'For a key that was stolen: a new key signs at once, and tokens of the old ones end.',
    async ({ keys }, algorithms) => keys.rotateNow(algorithms),
  )
}

async function onKeys(
  { context, output, options }: Invocation<KeyOptions>,
  work: (realm: Realm, algorithms: readonly Algorithm[]) => Promise<void>,
): Promise<ExitCode> {
  return withRealm(options, context, async (realm) => {
    await work(realm, algorithmsOf(realm, options.alg))
    const keys = realm.keys.status()
    output.result({ issuer: realm.issuer, keys }, () =>
      alignColumns([
        ['KID', 'ALG', 'STATE', 'SIGNS FROM'],
        ...keys.map(({ kid, alg, state, signFrom }) => [kid, alg, state, new Date(signFrom * 1000).toISOString()]),
      ]),
    )
    return EXIT.yes
  })
}

function algorithmsOf({ algorithms }: Realm, alg: string | undefined): readonly Algorithm[] {
  if (alg === undefined) return algorithms
  if (isAlgorithm(alg) && algorithms.includes(alg)) return [alg]
  throw new InvalidRequestError('invalid_request', `this issuer has no ${alg} keys, only ${algorithms.join(', ')}`)
}
