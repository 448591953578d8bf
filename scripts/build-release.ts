import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { trackingPageDir } from '../src/order-tracking/variables.ts'
import { shopDir } from '../src/shop/variables.ts'
import { staticDir } from '../src/system/variables.ts'
import { buildShop, buildTrack, buildWeb } from './build-web.ts'

/**
 * Builds the service and its commands into one program that needs neither Bun nor node_modules. The migrations, the pages and
 * that of the API are inside; PostgreSQL's binaries are not, since programs cannot be started from there.
 */

const root = join(import.meta.dirname, '..')
const { values } = parseArgs({ options: { outfile: { type: 'string', default: 'build/orders' } } })
const outfile = resolve(root, values.outfile)

const documentation = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']

// A folder is carried under the path that it has, a single file only under its name: so the folders are laid out first.
const stage = mkdtempSync(join(tmpdir(), 'orders-release-'))
try {
  for (const path of ['migrations', ...documentation.map(name => `node_modules/swagger-ui-dist/${name}`)]) {
    cpSync(join(root, path), join(stage, path), { recursive: true })
  }
  await buildWeb(join(stage, staticDir.preset))
  await buildShop(join(stage, shopDir.preset))
  await buildTrack(join(stage, trackingPageDir.preset))
  mkdirSync(dirname(outfile), { recursive: true })
  const options = ['--compile', '--sourcemap', '--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig']
  const assets = readdirSync(stage).map(name => `--asset=${name}`)
  const args = ['build', ...options, ...assets, `--outfile=${outfile}`, join(root, 'src', 'release.ts')]
  const { status } = spawnSync(process.execPath, args, { cwd: stage, stdio: 'inherit' })
  process.exitCode = status ?? 1
} finally {
  rmSync(stage, { recursive: true, force: true })
}
