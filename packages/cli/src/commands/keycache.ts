import type { Command } from 'commander'
import { onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { withCacheOptions, withReachOptions } from '../key-cache-options.ts'
import { add, remove, update } from './keycache-change.ts'
import { list, status } from './keycache-list.ts'
import { seed } from './keycache-seed.ts'

/** Adds `scitokens keycache` and its subcommands. */
export function addKeycache(program: Command, registry: Registry): void {
  const group = program
    .command('keycache')
    .summary("look after the cache of issuers' public keys")
    .description(
      "Issuers' public keys are kept in one file per user, which all processes share. Whether an issuer is trusted is not written there: " +
        'that is what --issuer and the configuration of servers say.',
    )

  addList(group, registry)
  addAdd(group, registry)
  addRemove(group, registry)
  addUpdate(group, registry)
  addStatus(group, registry)
  addSeed(group, registry)
}

function addList(group: Command, registry: Registry): void {
  const listing = group.command('list').summary('list issuers with their keys and ages')
  withExamples(withCacheOptions(listing), [['whose keys are at hand?', 'scitokens keycache list']])
  onAction(listing, registry, list)
}

function addAdd(group: Command, registry: Registry): void {
  const adding = group
    .command('add')
    .summary("get an issuer's keys into the cache")
    .argument('<issuer>', 'exactly as in iss')
    .option('--jwks <file>', 'a key set to keep instead of asking the issuer; - is standard input')
  withExamples(withReachOptions(withCacheOptions(adding)), [
    ['before the first token arrives', 'scitokens keycache add https://vo.example'],
    ['on a host without network', 'scitokens keycache add https://vo.example --jwks vo.jwks'],
  ])
  onAction(adding, registry, add)
}

function addRemove(group: Command, registry: Registry): void {
  const removing = group
    .command('remove')
    .summary("forget an issuer's keys")
    .argument('<issuer...>', 'exactly as in iss')
  withExamples(withCacheOptions(removing), [['after a key was stolen', 'scitokens keycache remove https://vo.example']])
  onAction(removing, registry, remove)
}

function addUpdate(group: Command, registry: Registry): void {
  const updating = group
    .command('update')
    .summary('refresh keys that are due')
    .description(
      'Refreshes the keys of the issuers named, or of all in the cache. Exit status 3 when one could not be reached.',
    )
    .argument('[issuer...]', 'exactly as in iss')
    .option('--force', 'also keys that are fresh, and issuers that failed a moment ago')
  withExamples(withReachOptions(withCacheOptions(updating)), [['from cron, once an hour', 'scitokens keycache update']])
  onAction(updating, registry, update)
}

function addStatus(group: Command, registry: Registry): void {
  const telling = group
    .command('status')
    .summary('say whether the cache is in order')
    .description(
      'Exit status 0: every issuer in the cache has usable keys, 1: one has not, 3: the file cannot be used.',
    )
  withExamples(withCacheOptions(telling), [['for monitoring', 'scitokens keycache status --json']])
  onAction(telling, registry, status)
}

function addSeed(group: Command, registry: Registry): void {
  const seeding = group
    .command('seed')
    .summary('exchange keys with the cache of scitokens-cpp, which XRootD and HTCondor use')
    .argument('[issuer...]', 'exactly as in iss; default: all')
    .option('--from <file>', "copy from scitokens-cpp's file where there are no usable keys")
    .option('--to <file>', "copy to scitokens-cpp's file what it lacks or has from earlier")
  withExamples(withCacheOptions(seeding), [
    ['start with what HTCondor has', 'scitokens keycache seed --from ~/.cache/scitokens/scitokens_cpp.sqllite'],
    ['pre-load a worker node', 'scitokens keycache seed --to /var/cache/scitokens/scitokens_cpp.sqllite'],
  ])
  onAction(seeding, registry, seed)
}
