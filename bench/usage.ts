import { readdirSync, readFileSync } from 'node:fs'

/**
 * Reads the resource use of processes from Linux's /proc. Elsewhere there is no such folder: then every reading is
 * undefined, and the figures that need it are left out.
 */

/** Ticks of processor time a second in /proc, on every architecture that Linux serves programs on. */
const ticksPerSecond = 100

/** Some processes by the name that they are reported under; a name stands for a process and its children. */
export type Watched = Readonly<Record<string, number | undefined>>

/**
 * Measures the CPU time of processes from now on.
 *
 * @returns ends the measurement: for each name the cores that were busy with it on average, and under `others` those that
 *   were busy with anything else on this machine; undefined where that cannot be known
 */
export function watchProcessors(watched: Watched): () => Record<string, number> | undefined {
  const startedMs = performance.now()
  const before = readAll(watched)
  return () => {
    const after = readAll(watched)
    if (before === undefined || after === undefined) return undefined
    const seconds = (performance.now() - startedMs) / 1000
    const cores = Object.fromEntries(
      Object.entries(after).map(([name, used]) => [name, (used - (before[name] ?? 0)) / seconds]),
    )
    const { everything = 0, ...ours } = cores
    const others = everything - Object.values(ours).reduce((sum, used) => sum + used, 0)
    return { ...ours, others: Math.max(0, others) }
  }
}

/**
 * The cores as a sentence.
 *
 * @param generatorCores those of a load generator, which was not watched but has measured itself
 */
export function describeProcessors(cores: Record<string, number> | undefined, generatorCores = 0): string {
  if (cores === undefined) return 'what the processors did is not known on this system'
  const { others = 0, ...ours } = cores
  const generator = generatorCores === 0 ? {} : { 'the load generator': generatorCores }
  const all = { ...ours, ...generator, others: Math.max(0, others - generatorCores) }
  const shares = Object.entries(all).map(([name, used]) => `${name} ${used.toFixed(2)}`)
  return `cores busy with ${shares.join(', ')}`
}

/** The most memory that a process has had resident since its start, in MiB. */
export function residentMaxMib(pid: number): number | undefined {
  const status = readOrUndefined(`/proc/${pid}/status`)
  const kibibytes = /^VmHWM:\s+(\d+) kB/m.exec(status ?? '')?.[1]
  return kibibytes === undefined ? undefined : Number(kibibytes) / 1024
}

function readAll(watched: Watched): Record<string, number> | undefined {
  const everything = busySeconds()
  if (everything === undefined) return undefined
  const processes = readProcesses()
  const used: Record<string, number> = { everything }
  for (const [name, pid] of Object.entries({ bench: process.pid, ...watched })) {
    if (pid !== undefined) used[name] = secondsOf(pid, name !== 'bench', processes)
  }
  return used
}

type ProcessTimes = { pid: number; parent: number; own: number; ofEndedChildren: number }

function secondsOf(pid: number, withChildren: boolean, processes: readonly ProcessTimes[]): number {
  let seconds = 0
  for (const one of processes) {
    if (one.pid === pid) seconds += one.own + (withChildren ? one.ofEndedChildren : 0)
    else if (withChildren && one.parent === pid) seconds += one.own
  }
  return seconds
}

function readProcesses(): ProcessTimes[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => {
      // The second field is the command in brackets, and may itself hold spaces and brackets.
      const fields = readOrUndefined(`/proc/${name}/stat`)
        ?.replace(/^.*\) /s, '')
        .split(' ')
      if (fields === undefined) return []
      const seconds = (first: number) => (Number(fields[first]) + Number(fields[first + 1])) / ticksPerSecond
      return [{ pid: Number(name), parent: Number(fields[1]), own: seconds(11), ofEndedChildren: seconds(13) }]
    })
}

/** Processor time that all cores have spent busy since the machine started. */
function busySeconds(): number | undefined {
  const [, user, nice, system, , , irq, softirq] =
    (readOrUndefined('/proc/stat') ?? '').split('\n', 1)[0]?.split(/\s+/) ?? []
  if (softirq === undefined) return undefined
  return [user, nice, system, irq, softirq].reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
