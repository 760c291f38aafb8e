import { rolldown } from 'rolldown'

/** Bundles a file of this folder as a browser would get it: no condition but the defaults, nothing left to import. */
export async function bundleForBrowsers(file: string): Promise<string> {
  const bundle = await rolldown({
    input: `${import.meta.dirname}/${file}`,
    platform: 'browser',
    resolve: { conditionNames: ['@scitokens/source', 'import', 'browser', 'default'] },
  })
  const { output } = await bundle.generate({ format: 'esm', minify: true, codeSplitting: false })
  await bundle.close()
  const [chunk, ...others] = output
  if (others.length > 0 || chunk.imports.length > 0) throw new Error(`${file} was not bundled into one module`)
  return chunk.code
}
