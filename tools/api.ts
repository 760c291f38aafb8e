// The public API of every entry as a reviewed text: packages/<id>/etc/<id>[-<subpath>].api.md.
// Fails when the built declarations differ from it; `--update` writes it anew. Names of packages leave out the others.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Extractor, ExtractorConfig, ExtractorLogLevel, type ExtractorMessage } from '@microsoft/api-extractor'
import { type Package, packages } from './packages.ts'

const update = process.argv.includes('--update')
const names = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const temp = mkdtempSync(join(tmpdir(), 'scitokens-api-'))
try {
  const chosen = packages.filter(({ id }) => names.length === 0 || names.includes(id))
  const stale = chosen.flatMap((pkg) =>
    pkg.entries.filter((entry) => !check(pkg, entry)).map(({ subpath }) => `${pkg.id} ${subpath}`),
  )
  if (stale.length > 0) {
    console.error(
      `The API report of ${stale.join(', ')} is not up to date: run npm run api, read the difference, commit it.`,
    )
    process.exitCode = 1
  }
} finally {
  rmSync(temp, { recursive: true })
}

function check(pkg: Package, entry: Package['entries'][number]): boolean {
  const reportFileName = [pkg.id, ...entry.subpath.split('/').slice(1)].join('-')
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: pkg.folder,
      mainEntryPointFilePath: join(pkg.folder, entry.types),
      compiler: { tsconfigFilePath: join(pkg.folder, 'tsconfig.build.json'), skipLibCheck: true },
      apiReport: {
        enabled: true,
        reportFileName,
        reportFolder: join(pkg.folder, 'etc'),
        reportTempFolder: temp,
        includeForgottenExports: false,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        extractorMessageReporting: {
          'ae-missing-release-tag': { logLevel: ExtractorLogLevel.None },
          'ae-unresolved-link': { logLevel: ExtractorLogLevel.None },
        },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(pkg.folder, 'package.json'),
  })
  if (update) mkdirSync(config.reportFolder, { recursive: true })
  else if (!existsSync(config.reportFilePath)) return false
  const result = Extractor.invoke(config, {
    localBuild: update,
    showVerboseMessages: false,
    messageCallback: quiet,
  })
  if (update && result.apiReportChanged) console.log(`updated ${config.reportFilePath}`)
  return update || !result.apiReportChanged
}

/** We say ourselves what to do about a changed report. */
function quiet(message: ExtractorMessage): void {
  if (message.messageId !== 'ae-forgotten-export' && message.logLevel !== ExtractorLogLevel.Error)
    message.handled = true
}
