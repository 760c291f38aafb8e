import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'

/** Bytes of the main entry with jose, with what it loads later, as a browser gets it: bundled, minified, gzipped. */
export async function bundledSize(): Promise<number> {
  const bundle = await rolldown({
    input: `${import.meta.dirname}/../src/index.ts`,
    platform: 'browser',
    resolve: { conditionNames: ['@scitokens/source', 'import', 'browser', 'default'] },
  })
  const { output } = await bundle.generate({ format: 'esm', minify: true, codeSplitting: false })
  await bundle.close()
  const left = output.flatMap((part) => (part.type === 'chunk' ? part.imports : []))
  if (output.length !== 1 || left.length > 0) throw new Error(`the bundle still imports ${left.join(', ')}`)
  return gzipSync(output[0].code, { level: 9 }).length
}
