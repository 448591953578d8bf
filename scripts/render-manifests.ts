import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** The Helm chart. */
export const chartFolder = join(root, 'deploy', 'helm', 'orders')

/** The values that the manifests are rendered with. */
export const plainValues = join(chartFolder, 'ci', 'plain-values.yaml')

/** The manifests for users without Helm. */
export const manifestsFolder = join(root, 'deploy', 'kubernetes')

/** The Kubernetes version to render for: the minimum of Chart.yaml. */
export const kubernetesVersion = '1.30.0'

/** Manifests that not every cluster accepts, or not at any time, so they are applied separately. */
const appliedApart = ['migration.yaml', 'servicemonitor.yaml']

/**
 * Everything that the manifests are made of, as one number: it shows without Helm whether they are current.
 * Rules and dashboards are no part of it, since they are in none of them.
 */
export function chartDigest(): string {
  const files = ['Chart.yaml', 'values.yaml', 'ci/plain-values.yaml']
  const templates = readdirSync(join(chartFolder, 'templates')).map(name => `templates/${name}`)
  const hash = createHash('sha256')
  for (const name of [...files, ...templates].sort()) {
    hash.update(`${name}\n${readFileSync(join(chartFolder, name), 'utf8')}\n`)
  }
  return hash.digest('hex')
}

/**
 * The chart as Helm renders it.
 *
 * @param args more of Helm's arguments, such as `--values` and a file
 * @throws Error with what Helm says
 */
export function helmTemplate(args: readonly string[]): string {
  const common = ['template', 'orders', chartFolder, '--kube-version', kubernetesVersion]
  const { status, stdout, stderr, error } = spawnSync('helm', [...common, ...args], { encoding: 'utf8' })
  if (error !== undefined) throw new Error(`helm cannot be run: ${error.message}`)
  if (status !== 0) throw new Error(stderr)
  return stdout
}

/** The manifests by the names of their files, from what Helm rendered; the files are those of the templates. */
export function manifests(rendered: string): Map<string, string> {
  const files = new Map<string, string>()
  for (const document of rendered.split(/^---\n/m)) {
    const source = /^# Source: (\S+)\n/.exec(document)
    if (source === null) continue
    const name = basename(source[1] ?? '')
    const before = files.get(name)
    const text = withoutHelm(document.slice(source[0].length))
    files.set(name, before === undefined ? text : `${before}---\n${text}`)
  }
  const header = `# Rendered from deploy/helm/orders by "make manifests"; what is changed here is lost.\n`
  const rows = [...files].map(([name, text]) => [name, header + text] as const)
  const resources = [...files.keys()].filter(name => !appliedApart.includes(name)).sort()
  const kustomization = [
    `# The chart: sha256 ${chartDigest()}`,
    'apiVersion: kustomize.config.k8s.io/v1beta1',
    'kind: Kustomization',
    'resources:',
    ...resources.map(name => `  - ${name}`),
  ]
  return new Map([...rows, ['kustomization.yaml', `${header}${kustomization.join('\n')}\n`]])
}

/** Without what only Helm understands, and what would not be true of what Helm has not installed. */
function withoutHelm(manifest: string): string {
  return manifest
    .replace(/^ *(helm\.sh\/[a-z-]+|app\.kubernetes\.io\/managed-by|checksum\/config): .*\n/gm, '')
    .replace(/^( *)annotations:\n(?!\1 )/gm, '')
}

if (import.meta.main) {
  const files = manifests(helmTemplate(['--values', plainValues]))
  rmSync(manifestsFolder, { recursive: true, force: true })
  mkdirSync(manifestsFolder, { recursive: true })
  for (const [name, text] of files) writeFileSync(join(manifestsFolder, name), text)
}
