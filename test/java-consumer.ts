import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { kafkaCacheDir } from '../scripts/kafka-broker/broker.ts'
import { fetchJars, javaCommand, whyNoJava } from '../scripts/kafka-broker/jars.ts'

/** A record as Kafka's own console consumer prints it. */
export type JavaRecord = { partition: number; offset: bigint; key: string; timestampMs: number }

/** How long the Java program may take, in milliseconds. */
const deadlineMs = 60_000

/** Why the Java client cannot be run here; null where it can. */
export const javaAvailability = (): string | null => whyNoJava(kafkaCacheDir)

/**
 * Reads committed messages of topics from their beginnings with the Java client, until it has read as many as are wanted.
 *
 * @param topics a regular expression
 * @param fetchBytesMax how much it fetches of a partition at once
 * @returns the records in the order in which it printed them: each partition's in theirs
 */
export async function readByJava(
  brokers: readonly string[],
  topics: string,
  count: number,
  fetchBytesMax: number,
): Promise<JavaRecord[]> {
  const jars = await fetchJars(kafkaCacheDir, line => console.error(line))
  const print = ['timestamp', 'partition', 'offset', 'key'].flatMap(what => ['--property', `print.${what}=true`])
  const options = [
    ...['--bootstrap-server', brokers.join(','), '--include', topics, '--from-beginning'],
    ...['--isolation-level', 'read_committed', '--max-messages', String(count), ...print],
    ...['--property', 'print.value=false', '--consumer-property', `max.partition.fetch.bytes=${fetchBytesMax}`],
  ]
  const program = 'org.apache.kafka.tools.consumer.ConsoleConsumer'
  const quiet = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error']
  const java = spawn(javaCommand(), [...quiet, '-cp', join(jars, '*'), program, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
  })
  const records: JavaRecord[] = []
  for await (const line of createInterface({ input: java.stdout })) {
    const [, time, partition, offset, key] = /^\w+Time:(-?\d+)\tPartition:(\d+)\tOffset:(\d+)\t(.*)$/.exec(line) ?? []
    if (time === undefined || offset === undefined || key === undefined) continue
    records.push({ partition: Number(partition), offset: BigInt(offset), key, timestampMs: Number(time) })
  }
  return records
}
