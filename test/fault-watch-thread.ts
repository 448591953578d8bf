import { readFileSync } from 'node:fs'
import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'

/** The thread of fault-watch.ts. */

const pauseMs = 10
const timeoutMs = 60_000

let { url, pid }: { url: string; pid: number } = workerData
let isOver = false
let silenceMs = 0
let memoryMiB = 0
let answeredAtMs = performance.now()

parentPort?.on('message', (message: 'end' | { url: string; pid: number }) => {
  if (message === 'end') isOver = true
  else ({ url, pid } = message)
})

function isAnswered(): Promise<boolean> {
  return new Promise(resolve => {
    const request = http.get(`${url}/livez`, { timeout: timeoutMs }, response => {
      response.resume()
      response.once('end', () => resolve(response.statusCode === 200))
    })
    request.once('timeout', () => request.destroy())
    request.once('error', () => resolve(false))
  })
}

/** Linux keeps the most that a process ever had in memory. */
function peakMemoryMiB(): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0 // It has ended, or the system is another.
  }
}

for (let turn = 0; !isOver; turn += 1) {
  if (await isAnswered()) {
    const nowMs = performance.now()
    silenceMs = Math.max(silenceMs, nowMs - answeredAtMs)
    answeredAtMs = nowMs
  }
  if (turn % 10 === 0) memoryMiB = Math.max(memoryMiB, peakMemoryMiB())
  await sleep(pauseMs)
}
memoryMiB = Math.max(memoryMiB, peakMemoryMiB())
silenceMs = Math.max(silenceMs, performance.now() - answeredAtMs)
parentPort?.postMessage({ silenceMs, memoryMiB })
