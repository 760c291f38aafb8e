import { spawnSync } from '@scitokens-tests/programs/processes'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const tarballFolder = join(import.meta.dirname, '..', '..', '..', 'temp', 'tarballs')

/** The packed archives, by package folder name. */
export const tarballs: Readonly<Record<string, string>> = Object.fromEntries(
  readdirSync(tarballFolder).map((file) => [
    file.replace(/^scitokens-/, '').replace(/-\d.*$/, ''),
    join(tarballFolder, file),
  ]),
)

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
}

/** An empty project, outside the work tree, that installed all archives the way a user would. */
export class Consumer {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'consumer-'))

  install(packages: readonly string[]): void {
    writeFileSync(join(this.folder, 'package.json'), '{ "name": "consumer", "private": true }')
    this.run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', ...packages])
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text)
  }

  /** Standard output of a command that must succeed. */
  run(command: string, args: readonly string[]): string {
    const result = spawnSync(command, args, { cwd: this.folder, encoding: 'utf8' })
    if (result.status !== 0) {
      throw new Error(`${command} ${args.join(' ')} ended with ${result.status}:\n${result.stdout}${result.stderr}`)
    }
    return result.stdout
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
