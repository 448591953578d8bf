import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { routes } from '../web/routes.ts'

const root = join(import.meta.dirname, '..')

/** Where `make build` puts the page, and where the service looks for it. */
export const webFolder = join(root, 'build', 'web')

/** What gets smaller by compressing; pictures of other kinds are compressed already. */
const compressible = ['.html', '.js', '.css', '.svg', '.json']

/**
 * Builds the page from `web/` into a folder: one document, and beside it files whose names hold the hash of what is in them,
 * so that a browser may keep them for ever. What compresses is there compressed as well, and `pages.json` tells the server at
 * which addresses to hand out the document.
 *
 * @throws AggregateError of Bun's bundler, with what is wrong in the sources
 */
export async function buildWeb(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const assets = 'assets/[name]-[hash].[ext]'
  await Bun.build({
    entrypoints: [join(root, 'web', 'index.html')],
    outdir: folder,
    target: 'browser',
    minify: true,
    splitting: true,
    publicPath: '/',
    naming: { entry: '[name].[ext]', chunk: assets, asset: assets },
    define: { 'process.env.NODE_ENV': '"production"' },
  })
  writeFileSync(join(folder, 'pages.json'), JSON.stringify(Object.values(routes)))
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (compressible.includes(extname(name))) compress(join(folder, name))
  }
}

function compress(file: string): void {
  const bytes = readFileSync(file)
  const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY }
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params: quality }))
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }))
}

if (import.meta.main) {
  await buildWeb(webFolder)
  process.exit(0)
}
