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
 * so that a browser may keep them for ever. Addresses in them are relative, so that a proxy may serve the page under any path. What
 * compresses is there compressed as well.
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
    naming: { entry: '[name].[ext]', chunk: assets, asset: assets },
    define: { 'process.env.NODE_ENV': '"production"' },
  })
  writeDocuments(folder)
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (compressible.includes(extname(name))) compress(join(folder, name))
  }
}

/**
 * The addresses in the document are relative to its own, so it is there once for each depth at which pages lie: `index.html` for
 * `/orders`, `index-2.html` for `/orders/:id`. `pages.json` says which stands for which pages.
 */
function writeDocuments(folder: string): void {
  const document = readFileSync(join(folder, 'index.html'), 'utf8')
  const pages: Record<string, string[]> = { 'index.html': [] }
  for (const page of Object.values(routes)) {
    const depth = page.split('/').length - 1
    const name = depth === 1 ? 'index.html' : `index-${depth}.html`
    if (pages[name] === undefined) {
      writeFileSync(join(folder, name), document.replaceAll('="./', `="${'../'.repeat(depth - 1)}`))
    }
    pages[name] = [...(pages[name] ?? []), page]
  }
  writeFileSync(join(folder, 'pages.json'), JSON.stringify(pages))
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
