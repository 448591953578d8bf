import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const root = join(import.meta.dirname, '..')

/** Where `make build` puts the page, that of the demo shop and the tracking page, and where the service looks for them. */
export const webFolder = join(root, 'build', 'web')
export const shopFolder = join(root, 'build', 'shop')
export const trackFolder = join(root, 'build', 'track')

/** Kinds of files that compress well; other pictures are compressed already. */
const compressible = ['.html', '.js', '.css', '.svg', '.json']

/**
 * Builds the page into a folder.
 *
 * @param sources the folder `web` of the repository, or a copy
 * @throws AggregateError of Bun's bundler, with what is wrong in the sources
 */
export async function buildWeb(folder: string, sources: string = join(root, 'web')): Promise<void> {
  await build(folder, join(sources, 'index.html'))
  writeDocuments(folder, await pagesOf(sources))
  compressAll(folder)
}

/** Builds the page of the demo shop into a folder: it is served to everybody, and has nothing of the other page. Throws as `buildWeb`. */
export async function buildShop(folder: string): Promise<void> {
  const sources = join(root, 'web', 'shop')
  await build(folder, join(sources, 'index.html'))
  const list = (await import(join(sources, 'pages.ts'))) as { shopPages: Record<string, string> }
  writeDocuments(folder, Object.values(list.shopPages))
  compressAll(folder)
}

/** Builds the tracking page of orders into a folder: it is served to everybody, and has nothing of the other pages. Throws as `buildWeb`. */
export async function buildTrack(folder: string): Promise<void> {
  await build(folder, join(root, 'web', 'track', 'index.html'))
  writeDocuments(folder, ['/:token'])
  compressAll(folder)
}

/**
 * Bundles a document with what it imports: beside it lie files whose names hold the hash of their content, so that a browser may keep them
 * for ever. Addresses in them are relative, so that a proxy may serve the page under any path.
 */
async function build(folder: string, document: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const assets = 'assets/[name]-[hash].[ext]'
  await Bun.build({
    entrypoints: [document],
    outdir: folder,
    target: 'browser',
    minify: true,
    splitting: true,
    naming: { entry: '[name].[ext]', chunk: assets, asset: assets },
    define: { 'process.env.NODE_ENV': '"production"' },
  })
}

/**
 * The paths of all pages, from the list of modules. The import has no name that the type checker could follow: the page is made for
 * browsers, and this program is not.
 */
async function pagesOf(sources: string): Promise<string[]> {
  const list = (await import(join(sources, 'modules.ts'))) as { modules: { pages: { path: string }[] }[] }
  return list.modules.flatMap(({ pages }) => pages.map(({ path }) => path))
}

/**
 * Writes the document once for each depth of pages, since addresses in it are relative to its own: `index.html` for `/orders`,
 * `index-2.html` for `/orders/:id`. `pages.json` tells the service which document belongs to which pages.
 */
function writeDocuments(folder: string, paths: readonly string[]): void {
  const document = readFileSync(join(folder, 'index.html'), 'utf8')
  const pages: Record<string, string[]> = { 'index.html': [] }
  for (const page of paths) {
    const depth = page.split('/').length - 1
    const name = depth === 1 ? 'index.html' : `index-${depth}.html`
    if (pages[name] === undefined) {
      writeFileSync(join(folder, name), document.replaceAll('="./', `="${'../'.repeat(depth - 1)}`))
    }
    pages[name] = [...(pages[name] ?? []), page]
  }
  writeFileSync(join(folder, 'pages.json'), JSON.stringify(pages))
}

/** Adds compressed copies of the files that compress well. */
function compressAll(folder: string): void {
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
  await buildShop(shopFolder)
  await buildTrack(trackFolder)
  process.exit(0)
}
