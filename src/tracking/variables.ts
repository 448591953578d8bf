import { flagVariable, integerVariable, topicVariable, type Variable } from '../platform/variables.ts'
import { carriers } from './carriers.ts'

const page = 'tracking.md'

export const trackingTopic = topicVariable({
  name: 'KAFKA_TRACKING_TOPIC',
  preset: 'orders.tracking',
  meaning: 'topic that reports of carriers come in by',
  page,
})

export const trackingSilentDays = integerVariable(
  {
    name: 'TRACKING_SILENT_DAYS',
    preset: '14',
    meaning: 'after how many days without news a parcel on its way counts as expired',
    page,
  },
  1,
  365,
)

export const trackingSimulator = flagVariable({
  name: 'TRACKING_SIMULATOR',
  preset: 'false',
  meaning: 'has parcels go on when they are asked to, for demonstrations; this machine always may',
  page,
})

/** A carrier signs by one secret, and by two while one replaces the other. */
const secretsMax = 2

/** The secrets of each carrier's webhook, by the carrier's name. */
export const carrierSecrets: ReadonlyMap<string, Variable<readonly string[]>> = new Map(
  carriers.map(({ name }) => [name, secretsVariable(name)]),
)

function secretsVariable(carrier: string): Variable<readonly string[]> {
  const name = `TRACKING_${carrier.toUpperCase()}_SECRET`
  return {
    name,
    preset: '',
    meaning: `proves that reports at the webhook ${carrier} are from there; two with a comma between them while one replaces the other`,
    page,
    isSecret: true,
    read({ text, report }) {
      const secrets = text.split(',').flatMap(part => part.trim() || [])
      if (secrets.length > secretsMax || secrets.some(secret => secret.length < 8))
        report(`${name} must be one or two secrets of 8 characters or more, with a comma between them`)
      return secrets
    },
  }
}
