import { parseArgs } from 'node:util'
import { kafkaBrokerAvailability, kafkaCacheDir, startKafkaBroker } from './kafka-broker/broker.ts'

const help = `Starts a real Apache Kafka on this machine and runs it until Ctrl-C.

  --port N         the port it listens on, on 127.0.0.1 (9092)
  --data-dir PATH  where it stores everything; kept between starts (.kafka/data)
  --partitions N   how many partitions a topic gets that does not say (4)
  --help           this text

It needs Java 17 or later and Maven, or Docker.`

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '9092' },
    'data-dir': { type: 'string', default: `${kafkaCacheDir}/data` },
    partitions: { type: 'string', default: '4' },
    help: { type: 'boolean', default: false },
  },
})

function positive(name: string, text: string, max: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > max)
    fail(`--${name} takes a number from 1 to ${max}, not ${text}.`)
  return value
}

function fail(sentence: string): never {
  console.error(sentence)
  process.exit(1)
}

if (values.help) {
  console.log(help)
  process.exit(0)
}
const port = positive('port', values.port, 65_535)
const partitions = positive('partitions', values.partitions, 1000)
const unavailable = kafkaBrokerAvailability()
if (unavailable) fail(unavailable)

// A signal during the start ends the process at once: the guard of the broker then ends the broker.
let broker: Awaited<ReturnType<typeof startKafkaBroker>> | undefined
let isStopping = false
async function stop() {
  if (isStopping) return
  isStopping = true
  await broker?.stop()
  process.exit(0)
}
process.on('SIGINT', stop)
process.on('SIGTERM', stop)

try {
  broker = await startKafkaBroker({ port, dataDir: values['data-dir'], partitions, log: line => console.error(line) })
} catch (error) {
  fail(error instanceof Error ? error.message : String(error))
}
console.log(`Kafka is ready; Ctrl-C ends it.\nKAFKA_BROKERS=${broker.brokers}`)
// The broker is another process, so this one needs a reason to stay; a broker that dies by itself takes that away.
setInterval(() => {
  if (!isStopping && broker?.hasDied) fail('The broker ended by itself; see broker.log in its data directory.')
}, 1000)
