import type { Command } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode, exitCodeFor } from '../exit-codes.ts'
import { findLogin, withManager, ownName, type StateOptions, withStateOptions } from '../submit-host.ts'

/** Adds `scitokens logout` and `scitokens logins`. */
export function addLogout(program: Command, registry: Registry): void {
  const list = program
    .command('logins')
    .summary('list your logins')
    .description('Lists the logins in your store: where, what for, and whether they still can be renewed.')
  withExamples(withStateOptions(list), [['which logins are there?', 'scitokens logins --json']])
  onAction(list, registry, logins)
  const command = program
    .command('logout')
    .summary('end a login')
    .description(
      'Asks the issuer to revoke the refresh token and forgets the login. It is forgotten also when the issuer cannot be ' +
        'reached; the exit status is 3 then, as the token may still be good.',
    )
    .argument('[login]', 'service or issuer; may be left out when there is one login only')
  withExamples(withStateOptions(command), [['log out', 'scitokens logout vo-example']])
  onAction(command, registry, logout)
}

async function logins(invocation: Invocation<StateOptions>): Promise<ExitCode> {
  const { output } = invocation
  const all = await withManager(invocation, (manager) => manager.list(ownName()))
  output.result({ logins: all }, () =>
    all
      .map(({ service, handle, issuer, scopes, ended }) =>
        [
          handle === '' ? service : `${service}_${handle}`,
          issuer,
          scopes.join(' '),
          ended === undefined ? '' : '(log in again)',
        ]
          .filter(Boolean)
          .join('  '),
      )
      .join('\n'),
  )
  return EXIT.yes
}

async function logout(invocation: Invocation<StateOptions>, name?: string): Promise<ExitCode> {
  const { output } = invocation
  const { login, revoked, problem } = await withManager(invocation, async (manager) => {
    const found = await findLogin(manager, name)
    const asked = manager.logout(found)
    return { login: found, ...(await output.progress(`asking the issuer of ${found.service}`, asked)) }
  })
  const why = problem === undefined ? {} : { error: { code: problem.code, message: problem.message } }
  output.result({ ok: problem === undefined, ...login, revoked, ...why }, () => `logged out of ${login.service}`)
  if (problem === undefined) return EXIT.yes
  if (!output.json) output.failure(problem)
  return exitCodeFor(problem)
}
