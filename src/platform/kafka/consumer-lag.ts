import { Gauge, type Registry } from '../metrics.ts'

/** The gauge of the topic that people are shown the lag of. */
export const mainLagGauge = 'kafka_consumer_lag'

/** How many messages of the topics that are consumed wait, for metrics and for people. */
export type ConsumerLag = Readonly<{
  /** Reports gauges to a registry from now on. */
  record(registry: Registry): void
  /**
   * Makes a gauge of a topic's messages that are not committed.
   *
   * @param what what comes by the topic: `orders`
   * @returns what notes them, by partition
   */
  noteBy(gauge: string, what: string): (byPartition: ReadonlyMap<number, number>) => void
  /** The messages of a gauge, as they were last noted. */
  messagesBehind(gauge: string): number
}>

export function createConsumerLag(): ConsumerLag {
  const behind = new Map<string, number>()
  let registry: Registry | undefined
  return {
    record(given) {
      registry = given
    },
    noteBy(name, what) {
      const help = `Messages of this instance's partitions that are not committed: ${what}`
      const gauge = registry && new Gauge({ name, help, labelNames: ['partition'], registers: [registry] })
      return byPartition => {
        behind.set(
          name,
          byPartition.values().reduce((sum, messages) => sum + messages, 0),
        )
        gauge?.reset()
        for (const [partition, messages] of byPartition) gauge?.set({ partition: String(partition) }, messages)
      }
    },
    messagesBehind: gauge => behind.get(gauge) ?? 0,
  }
}
