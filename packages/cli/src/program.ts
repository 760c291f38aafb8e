import { Command } from 'commander'
import type { Registry } from './command.ts'
import { addAcls } from './commands/acls.ts'
import { addAttenuate } from './commands/attenuate.ts'
import { addAuthzServer } from './commands/authz-server.ts'
import { addCompletion } from './commands/completion.ts'
import { addConformance } from './commands/conformance.ts'
import { addCreate } from './commands/create.ts'
import { addDecode } from './commands/decode.ts'
import { addDemo } from './commands/demo.ts'
import { addDiscover } from './commands/discover.ts'
import { addIssuer } from './commands/issuer.ts'
import { addKeycache } from './commands/keycache.ts'
import { addKeygen } from './commands/keygen.ts'
import { addLogin } from './commands/login.ts'
import { addLogout } from './commands/logout.ts'
import { addMan } from './commands/man.ts'
import { addTest } from './commands/test.ts'
import { addToken } from './commands/token.ts'
import { addTokenManager } from './commands/token-manager.ts'
import { addVerify } from './commands/verify.ts'
import { addX509Token } from './commands/x509-token.ts'
import { EXIT_STATUS } from './reference.ts'
import { packageVersion } from './version.ts'

const DESCRIPTION =
  'Makes, reads, verifies and tests SciTokens and WLCG tokens, gets them from issuers, keeps them fresh for jobs, and runs ' +
  'issuers, guards and key caches.'

/**
 * The whole command line as one tree: what runs, what `--help` shows, and what man page, completion and docs/cli.md are made from.
 * Building it loads no more than the commands' options; each command loads its package when it runs.
 */
export function buildProgram(registry: Registry): Command {
  const program = new Command('scitokens')
    .summary('make, read, verify, get and keep SciTokens')
    .description(DESCRIPTION)
    .version(packageVersion(), '-V, --version', 'print the version')
    .usage('<command> [options]')
    .addHelpText('after', `\nExit status:\n${EXIT_STATUS.map(([code, meaning]) => `  ${code}  ${meaning}`).join('\n')}`)
  for (const add of [
    addKeygen,
    addCreate,
    addDecode,
    addVerify,
    addAcls,
    addTest,
    addAttenuate,
    addDiscover,
    addLogin,
    addToken,
    addX509Token,
    addLogout,
    addTokenManager,
    addKeycache,
    addIssuer,
    addAuthzServer,
    addDemo,
    addConformance,
    addCompletion,
    addMan,
  ]) {
    add(program, registry)
  }
  return program
}
